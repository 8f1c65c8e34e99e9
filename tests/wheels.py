"""Packages for tests of environments: small ones made here, and those that every environment needs, fetched once."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from headrace.work.builder import needed
from locks import making

CACHE = Path(__file__).parents[1] / ".cache" / "wheels"
TWO_PANDAS = ("pandas==2.2.3", "pandas==3.0.0")


def fetched() -> Path:
    """The folder with what every environment needs, and with two versions of pandas."""
    with making(CACHE):
        if not CACHE.exists():
            fresh = CACHE.with_name("wheels.new")
            shutil.rmtree(fresh, ignore_errors=True)
            options = ["--only-binary", ":all:", "--disable-pip-version-check", "--quiet", "--dest", str(fresh)]
            for asked in (needed(), TWO_PANDAS[:1], TWO_PANDAS[1:]):
                subprocess.run([sys.executable, "-m", "pip", "download", *options, *asked], check=True)
            fresh.rename(CACHE)
    return CACHE


def link(source: Path, folder: Path) -> None:
    """Show the packages of one folder in another. No symbolic links: they lead out of an installer's fence."""
    folder.mkdir(exist_ok=True)
    for file in source.iterdir():
        try:
            (folder / file.name).hardlink_to(file)
        except OSError:
            shutil.copy(file, folder)


def wheel(folder: Path, name: str, version: str, files: dict[str, str | bytes], needs: tuple[str, ...] = ()) -> None:
    """Make a wheel of files, such as {"name/__init__.py": "..."}."""
    info = f"{name}-{version}.dist-info"
    needed = "".join(f"Requires-Dist: {one}\n" for one in needs)
    meta = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    everything = {**files, **meta}
    record = "".join(f"{path},,\n" for path in (*everything, f"{info}/RECORD"))
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in {**everything, f"{info}/RECORD": record}.items():
            archive.writestr(path, content)
