"""An emulated AWS: the package ministack."""

import os
import socket
import subprocess
import sys
import time

import boto3


class Cloud:
    """An emulated AWS, on loopback."""

    def __init__(self, command, folder):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "cloud.log"
        # Functions get the emulator's variables. None of the caller's may reach them.
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "AUTH": "true", "IOT_MTLS_ENABLED": "0"}
        output = open(self.log, "w")
        # The functions are children of the emulator: all end with its process group.
        self.process = subprocess.Popen([command], env={**self.environment, **settings}, cwd=folder, stdout=output,
                                        stderr=output, start_new_session=True)
        self.environment |= {"AWS_ENDPOINT_URL": self.url, "SAM_CLI_TELEMETRY": "0"}
        for _ in range(600):
            if self.process.poll() is not None:
                sys.exit(f"ministack ended:\n{self.log.read_text()}")
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        sys.exit("ministack does not listen")

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", aws_access_key_id="test",
                            aws_secret_access_key="test")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, 9)
        except ProcessLookupError:
            pass
        self.process.wait()
