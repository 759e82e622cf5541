"""Leads the domain names of a stack to the emulated AWS, for programs that know nothing of it."""

import http.client
import http.server
import ssl
import subprocess
import threading
import urllib.parse


class Proxy(http.server.ThreadingHTTPServer):
    """An HTTP proxy on loopback, for HTTPS. It ends TLS itself, with a certificate of its own for the names in `leads`.

    Each name leads to a URL, to which the paths of the requests are appended.
    """

    daemon_threads = True

    def __init__(self, leads, folder):
        super().__init__(("127.0.0.1", 0), Tunnel)
        self.leads = leads
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.certificate = folder / "proxy.pem"
        key = folder / "proxy.key"
        extensions = ["subjectAltName=" + ",".join(f"DNS:{name}" for name in leads), "keyUsage=digitalSignature,keyCertSign"]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "36500", "-subj", "/CN=proxy", "-keyout", key, "-out", self.certificate,
                        *(part for extension in extensions for part in ["-addext", extension])],
                       check=True, capture_output=True)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.certificate, key)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Tunnel(http.server.BaseHTTPRequestHandler):
    """A connection: CONNECT to a name, and the requests after it."""

    protocol_version = "HTTP/1.1"
    name = None

    def do_CONNECT(self):
        name = self.path.removesuffix(":443")
        if name not in self.server.leads:
            return self.send_error(502)
        self.send_response(200)
        self.end_headers()
        self.name, self.close_connection = name, False
        try:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        except ssl.SSLError:  # A browser that is to overlook the certificate comes again.
            self.close_connection = True
            return
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)

    def lead(self):
        if not self.name:
            return self.send_error(502)
        to = urllib.parse.urlsplit(self.server.leads[self.name])
        body = self.rfile.read(int(self.headers.get("content-length", 0))) or None
        # The emulated AWS takes its own port for a part of each name.
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        headers["Host"] = f"{self.name}:{to.port}"
        connection = http.client.HTTPConnection(to.netloc, timeout=30)
        connection.request(self.command, to.path + self.path, body, headers)
        response = connection.getresponse()
        content = response.read()
        self.send_response_only(response.status)
        for header, value in response.getheaders():
            if header.lower() not in ["connection", "content-length", "transfer-encoding"]:
                self.send_header(header, value)
        if response.status != 204:
            self.send_header("Content-Length", len(content))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST = do_DELETE = do_OPTIONS = lead

    def log_message(self, *_):
        pass
