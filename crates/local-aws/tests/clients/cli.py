"""The AWS CLI as people type it: the endpoint in the environment, JSON out, --query. Its program, and for the many calls
what its program runs, in this process, where each of its answers can be watched."""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import unittest.mock


class Aws:
    """Runs the CLI against a server. `watch` is given the events of what it calls with."""

    def __init__(self, url, watch):
        self._url = url
        self._watch = watch
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "AWS_ENDPOINT_URL": url,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def __call__(self, service, command, *words, query=None, fails=None):
        """`aws SERVICE COMMAND WORDS`; what it printed, as JSON where there is any."""
        return outcome(*self._run_here(self._words(service, command, words, query)), fails)

    def program(self, service, command, *words, query=None, fails=None):
        """The same as a process of its own."""
        program = pathlib.Path(sys.executable).parent / "aws"
        line = [sys.executable, str(program), *self._words(service, command, words, query)]
        done = subprocess.run(line, capture_output=True, text=True, env=self._environment, timeout=60)
        return outcome(done.returncode, done.stdout, done.stderr, fails)

    def _words(self, service, command, words, query):
        # Version 1 of the CLI goes to SQS's oldest host name whatever the environment says.
        endpoint = ["--endpoint-url", self._url] if service == "sqs" else []
        narrowed = ["--query", query] if query else []
        written = [word if isinstance(word, str) else json.dumps(word) for word in words]
        return [service, command, *written, *narrowed, *endpoint, "--output", "json"]

    def _run_here(self, words):
        # The environment of 2023 has no CLI. Where the CLI's data are it puts into the environment when it is imported.
        import awscli.clidriver

        environment = {**self._environment, "AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}
        out, error = io.StringIO(), io.StringIO()
        with (
            unittest.mock.patch.dict(os.environ, environment, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(error),
        ):
            driver = awscli.clidriver.create_clidriver()
            self._watch(driver.session)
            code = driver.main(words)
        return code, out.getvalue(), error.getvalue()


def outcome(code, out, error, fails):
    if fails is not None:
        assert code != 0 and fails in error, error
        return None
    assert code == 0, error
    return json.loads(out) if out.strip() else None
