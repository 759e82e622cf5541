"""Bundles that .ci/release makes: archives with everything that `sam deploy` needs."""

import base64
import hashlib
import re
import zipfile


class Bundle:
    """A bundle, unpacked."""

    def __init__(self, archive, folder):
        """Unpacks the archive into a folder that has nothing else of the repository's."""
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
        (self.folder,) = folder.iterdir()
        self.template = self.folder / "template.yaml"
        self.settings = self.folder / "samconfig.toml"
        self.functions = {file.stem: file for file in (self.folder / "functions").glob("*.zip")}
        # ministack tells policies nothing of a request to KMS, so a condition on it is never met there.
        text = self.template.read_text()
        self.template.write_text(text.replace("StringEquals: {kms:", "StringEqualsIfExists: {kms:"))

    def digests(self):
        """The digest of each function's code, as Lambda gives it."""
        return {name: base64.b64encode(hashlib.sha256(file.read_bytes()).digest()).decode()
                for name, file in self.functions.items()}

    def alter(self):
        """Makes another build of the bundle: each program ends in bytes more, which it never reads."""
        for file in self.functions.values():
            with zipfile.ZipFile(file) as packed:
                (entry,) = packed.infolist()
                program = packed.read(entry)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
                packed.writestr(entry, program + b"another build")
        text = self.template.read_text()
        self.template.write_text(re.sub(r"^(Description: Jeton \S+),", r"\1 (another build),", text, count=1, flags=re.MULTILINE))
