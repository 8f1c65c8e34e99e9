"""What both generations of the published client do with scripts, unmodified (Civis protocol notes 4.7 and 5.11)."""

from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "scripts.md"


def test_a_script_is_made_read_changed_and_archived(client):
    said = client.run(
        """
        made = client.scripts.post_python3("Flow", "print(1)", arguments={"camelCase": 1})
        client.scripts.patch_python3(made["id"], name="River", notifications={"urls": "http://example.org"})
        read = client.scripts.get_python3(made["id"])
        kept = client.scripts.put_python3(made["id"], "Sea", "print(2)")
        listed = [one["id"] for one in client.scripts.list(type="python3", iterator=True)]
        job = client.jobs.get(made["id"])
        client.scripts.put_python3_archive(made["id"], True)
        left = [one["id"] for one in client.scripts.list(type="python3", iterator=True)]
        answer = [
            read["name"], read["notifications"]["urls"], read["arguments"]["camelCase"], kept["source"],
            made["id"] in listed, made["id"] in left, job["type"],
        ]
        """
    )
    assert said.answer == [
        "River", ["http://example.org"], 1, "print(2)", True, False, "JobTypes::PythonDocker",
    ]  # fmt: skip


def test_a_template_is_run_with_arguments_as_executors_give_them(client):
    said = client.run(
        """
        behind = client.scripts.post_containers({"cpu": 1024, "memory": 1024}, "ls", "python", hidden=True)
        template = client.templates.post_scripts(behind["id"], "Listing")
        made = client.scripts.post_custom(template["id"], name=None, arguments={"CIVIS_PARENT_JOB_ID": None})
        seen = client.scripts.get_containers(made["id"])
        back = client.scripts.get_containers(client.templates.get_scripts(seen["from_template_id"])["script_id"])
        keys = ["required_resources", "params", "arguments", "docker_image_name", "docker_image_tag", "repo_http_uri",
                "repo_ref", "remote_host_credential_id", "git_credential_id", "cancel_timeout", "time_zone"]
        answer = [
            made["name"].partition(" #")[0], dict(seen["arguments"].items()), [back[key] for key in keys][3:5],
            len(client.scripts.list_custom(from_template_id="%d, 999999" % template["id"])),
        ]
        """
    )
    assert said.answer == ["Listing", {"CIVIS_PARENT_JOB_ID": None}, ["python", "latest"], 1]


def test_starting_says_what_it_waits_for(client):
    said = client.run(
        """
        made = client.scripts.post_sql("Flow", "select 1", None, None)
        try:
            client.scripts.post_sql_runs(made["id"])
        except civis.base.CivisAPIError as wrong:
            answer = [wrong.status_code, wrong.error_message]
        """
    )
    assert said.answer[0] == 501
    assert "do not run yet" in said.answer[1]


def test_the_example_of_the_page_prints_what_it_says(new):
    example = PAGE.read_text().partition("```python\n")[2].partition("```")[0]
    said = new.run(example + "\nanswer = None")
    assert said.stdout.strip() == example.rstrip().rpartition("# ")[2]
