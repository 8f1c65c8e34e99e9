"""LitServe: one API per function, two worker processes."""

import sys

import litserve


class Rows(litserve.LitAPI):
    def setup(self, device):
        pass

    def decode_request(self, request):
        return request["n"]

    def predict(self, n):
        return [{"i": i, "v": n * i, "s": "row"} for i in range(10)]

    def encode_response(self, output):
        return output


class Frame(Rows):
    def predict(self, n):
        import pandas as pd

        return pd.DataFrame({"i": range(10), "v": [n * i for i in range(10)], "s": ["row"] * 10}).to_dict("records")


if __name__ == "__main__":
    apis = [Rows(api_path="/rows"), Frame(api_path="/frame")]
    server = litserve.LitServer(apis, accelerator="cpu", workers_per_device=2)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False, log_level="warning")
