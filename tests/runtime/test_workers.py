"""What user code finds in a worker, and that nothing it does to its own process spoils the calls after it."""

from calling import value


def test_the_system_s_files_that_programs_read_are_there(http):
    found = value(
        http,
        """
        import os, pwd, socket, ssl
        def udf():
            certificates = ssl.get_default_verify_paths().openssl_capath
            return {
                "localhost": socket.gethostbyname("localhost"),
                "users": pwd.getpwuid(0).pw_name,
                "certificates": len(os.listdir(certificates)) > 0 if os.path.isdir(certificates) else True,
            }
        """,
    )
    assert found == {"localhost": "127.0.0.1", "users": "root", "certificates": True}
