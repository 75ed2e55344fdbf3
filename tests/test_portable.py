"""Nothing that only POSIX systems have is used without a way for Windows beside it."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "src" / "soundalike"
MODULES = set("crypt curses fcntl grp nis posix pty pwd readline resource spwd syslog termios tty".split())
NAMES = {
    "os": set(
        "chown fchmod fchown fork forkpty getegid geteuid getgid getloadavg getpgid getuid killpg lchown mkfifo mknod"
        " nice openpty posix_spawn sched_getaffinity sched_setaffinity setgid setpgid setsid setuid sysconf uname wait4"
        " O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK".split()
    ),
    "signal": set(
        "SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2"
        " alarm pause pthread_kill setitimer sigwait".split()
    ),
    "socket": {"AF_UNIX", "SO_REUSEPORT", "socketpair"},
}
GUARDS = ("sys.platform", "hasattr(")  # what shows that a function, or a statement of a module, thinks of Windows


def parts(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements of the module, and of its classes, one by one."""
    for statement in tree.body:
        yield from statement.body if isinstance(statement, ast.ClassDef) else [statement]


def of_posix_alone(part: ast.AST) -> Iterator[str]:
    """The names in it that Windows does not have."""
    for node in ast.walk(part):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            given = NAMES.get(node.module or "", set())
            yield from ([node.module] if node.module in MODULES else (a.name for a in node.names if a.name in given))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in NAMES.get(node.value.id, ()):
                yield f"{node.value.id}.{node.attr}"


def unguarded(source: str) -> list[str]:
    """Names of POSIX alone in the statements and functions of a module that do not look at the platform."""
    found: list[str] = []
    for part in parts(ast.parse(source)):
        if not any(guard in ast.unparse(part) for guard in GUARDS):
            found += of_posix_alone(part)
    return found


def test_the_package_runs_where_there_is_no_posix() -> None:
    """In every module, and so on whatever path a command takes."""
    found = {str(path.relative_to(PACKAGE)): unguarded(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}
    assert {name: names for name, names in found.items() if names} == {}


def test_what_this_looks_for_is_found() -> None:
    """A module of POSIX and a name of it, also inside a function; not where the platform is asked for."""
    assert unguarded("import fcntl\nfrom os import fork\nclass A:\n  def f(self): signal.SIGHUP") == [
        *("fcntl", "fork", "signal.SIGHUP"),
    ]
    assert unguarded("import os\ndef f():\n  if sys.platform != 'win32':\n    import resource") == []
    assert unguarded("x = os.getuid() if hasattr(os, 'getuid') else 0") == []
