#!/usr/bin/env bash
# PyGithub repeats a POST after a server error, and does not repeat a PATCH.
#
# PyGithub 2.10.0. Retries are on unless one passes another `retry`. GithubRetry adds POST to the methods that urllib3
# repeats, and those leave out PATCH: of the two, the request that is harmless when it is sent twice is given up at
# once. If a gateway answers 502 after GitHub has done the work, one call of create_comment makes two comments and
# raises nothing, while the edit of a comment fails at the first 502.
#
# Seen, on a server that records each request and answers it with 502 when it comes for the first time:
#   issue.create_comment("text")    2 POST, then a comment is returned
#   comment.edit("other")           1 PATCH, then GithubException 502
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "PyGithub==2.10.0"
seen=$("$folder/venv/bin/python" - <<'END_OF_PYTHON'
import collections
import http.server
import json
import logging
import threading

import github

logging.disable(logging.CRITICAL)
requests = collections.Counter()


class Server(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        requests[self.command] += 1
        body = json.dumps({"id": 1, "body": "text", "url": f"{address}/repos/a/b/issues/comments/1"}).encode()
        self.send_response(502 if requests[self.command] == 1 else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PATCH = answer

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
address = f"http://127.0.0.1:{server.server_port}"
threading.Thread(target=server.serve_forever, daemon=True).start()
issue = github.Github(base_url=address, lazy=True).get_repo("a/b").get_issue(1)
comment = issue.create_comment("text")
print(requests["POST"], "POST, returned", comment.body)
try:
    comment.edit("other")
    print(requests["PATCH"], "PATCH, returned")
except github.GithubException as error:
    print(requests["PATCH"], "PATCH, error", error.status)
END_OF_PYTHON
)
echo "$seen"
[ "$seen" = $'2 POST, returned text\n1 PATCH, error 502' ]
