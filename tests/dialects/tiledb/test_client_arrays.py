"""Statements over arrays by both generations of the published client, among them those of its own tests upstream."""

import pytest

DENSE = """
create table `{}` (
    `rows` int dimension=1 lower_bound=1 upper_bound=4 tile_extent=4,
    `cols` int dimension=1 lower_bound=1 upper_bound=4 tile_extent=4,
    a int
) engine=MyTile array_type='DENSE'
"""
CELLS = ", ".join(f"({row}, {col}, {(row - 1) * 4 + col})" for row in range(1, 5) for col in range(1, 5))


@pytest.fixture
def quickstart(client):
    """The 4 x 4 array of upstream's first examples, with the numbers from 1 to 16; its URI."""
    said = client.run(
        f"""
        uri = "tiledb://" + tiledb.cloud.user_profile().username + "/quickstart_dense"
        tiledb.cloud.sql.exec({DENSE!r}.format(uri))
        tiledb.cloud.sql.exec("insert into `" + uri + "` values {CELLS}")
        answer = uri
        """
    )
    yield said.answer
    client.run(
        f"""
        from tiledb.cloud import client, rest_api
        array = {said.answer!r}.rpartition("/")
        api = client.build(rest_api.ArrayApi) if hasattr(client, "build") else client.client.array_api
        api.delete_array(namespace=array[0].rpartition("/")[2], array=array[2], content_type="application/json")
        """
    )


def test_sums_and_rows_in_a_list(client, quickstart):
    said = client.run(
        f"""
        exec = tiledb.cloud.sql.exec
        total = exec("select SUM(`a`) as a from `{quickstart}`")
        some = exec("select `rows`, `cols`, a from `{quickstart}` "
                    "WHERE (`rows`, `cols`) IN ((1,1),(2,4)) order by `rows`", result_format="json")
        unnamed = exec("select SUM(a) from `{quickstart}`")
        parameters = exec("select ? param1, sum(a + ?) + ? a from `{quickstart}`", parameters=["1.1", 1, 2])
        answer = [int(total["a"][0]), some.to_dict("records"), list(unnamed.columns),
                  [float(parameters["param1"][0]), int(parameters["a"][0])]]
        """
    )
    rows = [{"rows": 1, "cols": 1, "a": 1}, {"rows": 2, "cols": 4, "a": 8}]
    assert said.answer == [136, rows, ["SUM(a)"], [1.1, 136 + 16 + 2]]


def test_a_session_of_upstream(client):
    said = client.run(
        """
        exec = tiledb.cloud.sql.exec
        one = exec("select @A a", init_commands=["SET @A=1"])
        table = [
            "create temporary table tbl (intcol int4, floatcol double, uintcol int8 unsigned, strcol text)",
            'insert into tbl values (1, 2.2, 4, "one"), (2, 3.4, 5, null)',
        ]
        rows = exec("select * from tbl where intcol >= ? order by intcol", init_commands=table, parameters=[1],
                    result_format="json", raw_results=True)
        answer = [int(one["a"][0]), rows]
        """
    )
    assert said.answer == [
        1,
        [
            {"intcol": 1, "floatcol": 2.2, "uintcol": 4, "strcol": "one"},
            {"intcol": 2, "floatcol": 3.4, "uintcol": 5, "strcol": None},
        ],
    ]


def test_rows_are_written_into_an_array(client, quickstart):
    said = client.run(
        f"""
        exec = tiledb.cloud.sql.exec
        given = exec("select `rows`, `cols`, a * 100 as a from `{quickstart}` where `rows` = 2 and `cols` < 3",
                     output_uri="{quickstart}")
        changed = exec("select a from `{quickstart}` where `rows` = 2 order by `cols`")
        answer = [len(given), changed["a"].tolist()]
        """
    )
    assert said.answer == [0, [500, 600, 7, 8]]


def test_tasks_of_an_array(client, quickstart):
    said = client.run(
        f"""
        tiledb.cloud.sql.exec("select count(*) as n from `{quickstart}`", task_name="count")
        fetch = getattr(tiledb.cloud.tasks, "fetch_tasks", None) or tiledb.cloud.tasks.tasks
        found = fetch(array="{quickstart}", end=None).array_tasks
        done = tiledb.cloud.array_activity("{quickstart}")
        answer = [found[0].name, found[0].array_metadata.name, [one.action for one in done][:2]]
        """
    )
    assert said.answer == ["count", "quickstart_dense", ["query_read", "query_write"]]
