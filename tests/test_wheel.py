"""What is installed from the wheel, in a clean environment, outside the checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[1]
PACKAGES = ("chat_personas", "eval", "personas")
DEFECTIVE = "raise SystemExit('this is not the package that was meant')\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout without asking a registry for anything."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def console_command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console command in an environment of its own, which borrows what we depend on and not ourselves.

    A directory that a `.pth` file adds is searched for modules, but its own `.pth` files, such as that of an editable
    installation, are not read.
    """
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    borrowed = {sysconfig.get_paths()[kind] for kind in ("purelib", "platlib")}
    (packages / "borrowed.pth").write_text("\n".join(sorted(borrowed)))
    return environment / "bin" / "chat-personas"


def test_the_wheel_holds_our_packages_with_all_their_files_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    packed = {name for name in names if ".dist-info/" not in name}
    present = {
        file.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert packed == present
    assert {
        "chat_personas/models/pocket.gguf",
        "chat_personas/py.typed",
        "chat_personas/reporting/html/page.css",
        "chat_personas/tui/chat/chat.tcss",
        "chat_personas/corpus/migrations/0001_conversations.sql",
        "eval/surveys/civic.json",
        "eval/py.typed",
        "personas/library/democrat.toml",
        "personas/py.typed",
    } <= packed


def empty(_: Path) -> None:
    """Nothing is there."""


def folders(here: Path) -> None:
    """Folders of these names hold data of the user's own."""
    for name in ("eval", "personas"):
        (here / name).mkdir()
        (here / name / "survey.py").write_text(DEFECTIVE)


def packages(here: Path) -> None:
    """They are packages of the user's own."""
    folders(here)
    for name in ("eval", "personas"):
        (here / name / "__init__.py").write_text(DEFECTIVE)


def modules(here: Path) -> None:
    """They are modules of the user's own."""
    for name in ("eval.py", "personas.py"):
        (here / name).write_text(DEFECTIVE)


@pytest.mark.parametrize(
    ("furnish", "on_the_path"),
    [(empty, False), (folders, False), (packages, False), (packages, True), (modules, True)],
    ids=["empty", "folders", "packages", "packages on PYTHONPATH", "modules on PYTHONPATH"],
)
def test_the_console_command_uses_its_own_packages_wherever_it_is_started(
    console_command: Path, tmp_path: Path, furnish: Callable[[Path], None], on_the_path: bool
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    furnish(here)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CHAT_PERSONAS_HOME": str(tmp_path / "home")}
    if on_the_path:
        environment["PYTHONPATH"] = str(here)

    def run(*arguments: str, given: str = "") -> str:
        ran = subprocess.run(
            [console_command, *arguments], cwd=here, env=environment, input=given, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    report = json.loads(run("eval", "democrat", "--limit", "1", "--json", "-"))
    assert report["schema"] == "chat-personas/eval-report@2"
    assert len(report["questions"]) == 1
    reply = run("chat", "democrat", given="What should be done about guns?\n")
    assert reply.endswith("\n\n")
    assert reply.strip()


def test_the_code_on_the_page_about_python_runs_with_the_wheel_alone(console_command: Path, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CHAT_PERSONAS_HOME": str(tmp_path / "home")}
    talk = [console_command, "chat", "democrat"]
    subprocess.run(talk, input="What about guns?\n", env=environment, check=True, capture_output=True, text=True)
    page = [console_command.parent / "python", "-P", ROOT / "tests" / "python_page.py", ROOT / "docs" / "python.md"]
    ran = subprocess.run(page, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "\n  user: What about guns?\n  assistant: " in ran.stdout
