"""Commands as a user types them."""

from __future__ import annotations

from apiflask import APIFlask
from click.testing import Result


def result_of(app: APIFlask, *arguments: str, typed: str = "", **environ: str) -> Result:
    """Run a command; `typed` is what the user answers where it asks."""
    return app.test_cli_runner().invoke(args=list(arguments), input=typed, env=environ)


def run(
    app: APIFlask, *arguments: str, fails: bool = False, typed: str = "", **environ: str
) -> str:
    """Run a command that ends well, or with a sentence and not a trace; return what it prints."""
    result = result_of(app, *arguments, typed=typed, **environ)
    assert (result.exit_code != 0) is fails, result.output
    if fails:
        assert isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in result.output, result.output
        assert "Error: " in result.stderr
    return str(result.output)
