"""A front before a service of the emulated AWS, which injects faults."""

import http.client
import http.server
import threading
import time
import urllib.parse

# What each fault is like to the client of the service.
FAULTS = ["throttled", "down", "slow", "of another region"]


class Front(http.server.ThreadingHTTPServer):
    """Passes requests on to `url`, unless `fault` is one of FAULTS. `requests` counts those that came."""

    daemon_threads = True

    def __init__(self, url):
        super().__init__(("127.0.0.1", 0), Passage)
        self.to = urllib.parse.urlsplit(url)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.fault, self.requests = None, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Passage(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        fault = self.server.fault
        self.server.requests += 1
        if fault == "down":
            self.close_connection = True
            return
        if fault == "throttled":
            self.answer(400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}')
            return
        # The host is a part of the signature, so it stays as sent.
        headers = dict(self.headers.items())
        if fault == "slow":
            time.sleep(5)  # Longer than a client waits for a signature.
        if fault == "of another region":
            # The emulated AWS knows the region from the signature, which it does not verify for these credentials.
            date = headers["x-amz-date"][:8]
            headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential=test/{date}/eu-west-1/kms/aws4_request, "
                                        f"SignedHeaders=host, Signature={'0' * 64}")
            headers.pop("x-amz-security-token", None)
        connection = http.client.HTTPConnection(self.server.to.netloc, timeout=30)
        connection.request("POST", self.path, body, headers)
        response = connection.getresponse()
        self.answer(response.status, response.read(), response.getheader("x-amzn-requestid"))
        connection.close()

    def answer(self, status, body, request_id=None):
        try:
            self.send_response_only(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            if request_id:
                self.send_header("x-amzn-requestid", request_id)
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # The client no longer waits.
            self.close_connection = True

    def log_message(self, *_):
        pass
