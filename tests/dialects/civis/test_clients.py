"""What both generations of the published client do, unmodified, against a server that serves."""


def test_it_knows_its_user(client):
    said = client.run("me = client.users.list_me(); answer = [me.email, client.username, len(me.feature_flags)]")
    assert said.answer == [client.email, client.email, 0]
