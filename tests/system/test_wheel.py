"""The built wheel, in a bare environment and from an empty folder, does what the checkout does. `make test-wheel`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.wheel


@pytest.fixture(scope="module")
def shoplake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)], check=True)
    [wheel] = folder.glob("shoplake-*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "bare")], check=True)
    python = folder / "bare/bin/python"
    subprocess.run(
        [
            str(python),
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "-c",
            str(ROOT / "constraints.txt"),
            str(wheel),
        ],
        check=True,
    )
    return folder / "bare/bin/shoplake"


def call(shoplake: Path, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.defpath, "HOME": str(folder)}
    return subprocess.run(
        [str(shoplake), *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


def test_demo_from_an_empty_folder(shoplake: Path, tmp_path: Path) -> None:
    made = call(shoplake, tmp_path, "--lake", "shop", "demo", "--size", "tiny")
    assert made.returncode == 0, made.stderr
    for title in ("1  Revenue", "2  Products", "3  Customers", "4  Funnel", "5  "):
        assert title in made.stdout
    assert call(shoplake, tmp_path, "--lake", "shop", "verify").returncode == 0


def test_a_shop_of_ones_own_from_the_wheel(shoplake: Path, tmp_path: Path) -> None:
    assert call(shoplake, tmp_path, "init", "mine").returncode == 0
    lake = str(tmp_path / "lake")
    assert call(shoplake, tmp_path / "mine", "--lake", lake, "generate", "all", "--size", "tiny").returncode == 0
    built = call(shoplake, tmp_path / "mine", "--lake", lake, "build")
    assert built.returncode == 0, built.stderr
    assert call(shoplake, tmp_path, "--lake", lake, "build").stdout.startswith("Nothing to do")
    doctor = call(shoplake, tmp_path, "--lake", lake, "doctor", "--config")
    assert str(tmp_path / "mine") in doctor.stdout


def test_completion_is_there(shoplake: Path, tmp_path: Path) -> None:
    environment = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "_SHOPLAKE_COMPLETE": "complete_bash",
        "COMP_WORDS": "shoplake que",
        "COMP_CWORD": "1",
    }
    answer = subprocess.run([str(shoplake)], env=environment, capture_output=True, text=True)
    assert "query" in answer.stdout
