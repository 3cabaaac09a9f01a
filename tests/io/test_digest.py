import hashlib

from metricpose.io.digest import sha256_of


def test_a_file_is_told_by_its_bytes(tmp_path):
    for content in (b"", b"weights", bytes(range(256)) * 9000):
        path = tmp_path / "file"
        path.write_bytes(content)
        assert sha256_of(path) == hashlib.sha256(content).hexdigest()
