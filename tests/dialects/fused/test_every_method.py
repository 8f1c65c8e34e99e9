"""Every method that the service's reference page of its API object names, called by the published clients.

What is served gives what the page says. What needs jobs, samples of data sets or partitions is refused by name (501),
with a sentence that reaches the person who called.
"""

import pytest

CALLS = """
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
{models}

@fused.udf
def every(n: int = 1):
    return n

step = JobStep(udf=every)

def told(call):
    try:
        return repr(call())[:200]
    except BaseException as wrong:
        text = f"{{type(wrong).__name__}}: {{wrong}}"
        response = getattr(wrong, "response", None)
        return text + (" " + response.text if response is not None else "")
"""
OLD = CALLS.format(
    models="""
from fused.models.api import JobStepConfig
from fused.models.api.job import (
    JoinJobStepConfig, JoinSinglefileJobStepConfig, MapJobStepConfig, UdfJobStepConfig as JobStep,
)
from fused.models.api.dataset import DatasetInputV2, DatasetOutputV2
"""
)
NEW = CALLS.format(models="from fused.models.api.job import UdfJobStepConfig as JobStep")

# 501, with the sentence, of every method that needs what comes with later versions.
LATER = {
    "start_job": "api.start_job(step)",
    "get_jobs": "api.get_jobs()",
    "get_status": 'api.get_status("a-job")',
    "get_logs": 'api.get_logs("a-job")',
    "tail_logs": 'api.tail_logs("a-job", refresh_seconds=0.01)',
    "wait_for_job": 'api.wait_for_job("a-job", poll_interval_seconds=0.01)',
    "cancel_job": 'api.cancel_job("a-job")',
}
SAMPLES = {
    "sample_map": "api.sample_map(MapJobStepConfig(udf=every, input=table, output=DatasetOutputV2()))",
    "sample_join": (
        "api.sample_join(JoinJobStepConfig(udf=every, input_left=table, input_right=table, output=DatasetOutputV2()))"
    ),
    "sample_single_file_join": (
        "api.sample_single_file_join(JoinSinglefileJobStepConfig("
        'udf=every, input_left=table, input_right="fd://a.parquet", output=DatasetOutputV2()))'
    ),
}
TABLE = 'table = DatasetInputV2.from_table_url("fd://data/main/")\n'


@pytest.mark.parametrize("method", [*LATER, *SAMPLES])
def test_the_first_generation_is_told_what_comes_later(old, method):
    call = (LATER | SAMPLES)[method]
    said = old.run(f"{OLD}\n{TABLE}answer = told(lambda: {call})").answer
    assert "not served by this version of Headrace" in said, said


@pytest.mark.parametrize("method", LATER)
def test_the_second_generation_is_told_what_comes_later(new, method):
    said = new.run(f"{NEW}\nanswer = told(lambda: {LATER[method]})").answer
    assert "not served by this version of Headrace" in said, said


@pytest.mark.parametrize("generation", ["old", "new"])
def test_the_account_is_known_by_either_generation(generation, request):
    client = request.getfixturevalue(generation)
    said = client.run("""
        answer = {
            "health": api._health(),
            "who": api._whoami()["email"],
            "instances": [i["client_id"] for i in api._list_realtime_instances()],
            "public": [i["client_id"] for i in api._list_realtime_instances(whose="public")],
            "token": api.auth_token(),
        }
    """).answer
    assert said["who"] == client.email
    assert said["health"] is True
    assert said["instances"] == said["public"] == ["local"]
    assert said["token"].startswith("default-")


def test_a_token_is_made_in_each_of_the_ways_that_the_pages_show(old, new):
    made = old.run(
        OLD
        + """
every.to_fused("every_method")
token = api.create_udf_access_token(EMAIL, "every_method", cache=False, metadata_json={"minzoom": 3})
own = api.create_udf_access_token("every_method", enabled=False)
answer = [token.token, token.cache, token.metadata_json, own.enabled, own.udf_slug]
"""
    ).answer
    assert made[0].startswith("fsh_")
    assert made[1:] == [False, {"minzoom": 3}, False, "every_method"]
    made = new.run(
        NEW
        + """
every.name = "every_method"
every.to_fused(overwrite=True)
tokens = [api.create_udf_access_token("every_method"), every.create_access_token()]
answer = [[str(t.token)[:4], t.enabled, fused.run(str(t.token), n=4)] for t in tokens]
"""
    ).answer
    assert made == [["fsh_", True, 4], ["fsh_", True, 4]]


def test_inputs_are_uploaded_or_left_as_they_are(old, tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    said = old.run(f"""
        import geopandas, shapely
        from pathlib import Path

        frame = geopandas.GeoDataFrame({{"n": [1]}}, geometry=[shapely.Point(1, 2)], crs=4326)
        api.upload("fd://every/method.bin", b"bytes")
        place = api._upload_tmp(".csv", b"a,b")
        answer = {{
            "back": api.get("fd://every/method.bin").decode(),
            "place": place,
            "kept": api.get(place).decode(),
            "same": api._replace_df_input("s3://bucket/a.parquet"),
            "many": api._replace_df_input(["s3://bucket/a.parquet", "s3://bucket/b.parquet"]),
            "frame": api._replace_df_input(frame)[-8:],
            "path": api._replace_df_input(Path({str(tmp_path / "a.parquet")!r}))[-8:],
        }}
    """).answer
    assert (said["back"], said["kept"]) == ("bytes", "a,b")
    assert said["place"].endswith(".csv")
    assert said["same"] == "s3://bucket/a.parquet"
    assert said["many"] == ["s3://bucket/a.parquet", "s3://bucket/b.parquet"]
    assert (said["frame"], said["path"]) == (".parquet", ".parquet")
