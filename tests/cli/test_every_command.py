"""What holds for each command: its help, what it says of mistakes, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module

import click
import pytest
from apiflask import APIFlask

from app import create_app
from matcher import cli
from matcher.cli.shared import Command
from tests.cli.commands import result_of, run
from tests.conftest import settings_for

NANO = "demo:nano-for-health"


def commands_under(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands_under(command, (*path, name))
        else:
            yield (*path, name), command


LISTED = [cli.LazyCommand(name, *known) for name, known in cli.COMMANDS.items()]
COMMANDS = dict(commands_under(click.Group(commands=[listed.load() for listed in LISTED])))
JSON_COMMANDS = {
    ("match",): ("vrachtfietsen met koelbox", "--limit", "1"),
    ("initiative", "needs"): ("Wij zoeken een pilootlijn voor het drogen van algen.",),
    ("initiative", "matches"): (NANO, "--limit", "1"),
    ("initiative", "gaps"): (NANO,),
    ("initiative", "roadmap"): (NANO,),
    ("initiative", "line-up"): (NANO, "--size", "10"),
    ("initiative", "advice"): (NANO, "demo:vito"),
    ("insight", "overlaps"): (),
    ("insight", "missed-chances"): ("--limit", "1"),
    ("insight", "strengths"): ("be2",),
}
"""What is asked with each command that prints JSON; `evaluate` is tested with its figures."""


@pytest.fixture(scope="module")
def any_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[APIFlask]:
    """The application over an empty store, in which no test here stores anything."""
    app = create_app(settings_for(tmp_path_factory.mktemp("empty")))
    yield app
    app.extensions["schakel"].end()
    app.extensions["schakel"].store.dispose()


@pytest.mark.parametrize("listed", LISTED, ids=lambda listed: str(listed.name))
def test_the_list_says_of_a_command_what_it_says_of_itself(listed: cli.LazyCommand) -> None:
    help_of_itself = (listed.load().help or "").split("\n\n")[0]
    assert listed.help == " ".join(help_of_itself.split())


def test_every_command_of_a_module_is_listed() -> None:
    modules = {module for module, _ in cli.COMMANDS.values()}
    found = {
        command.name
        for module in modules
        for command in import_module(f"matcher.cli.{module}").COMMANDS
    }
    assert found == set(cli.COMMANDS)


def test_every_command_tells_what_fails() -> None:
    assert len(COMMANDS) > 25
    assert all(isinstance(command, Command) for command in COMMANDS.values())


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_lists_arguments_and_options(any_app: APIFlask, path: tuple[str, ...]) -> None:
    printed = run(any_app, *path, "--help")
    usage, _, rest = printed.partition("\n\n")
    command = COMMANDS[path]
    assert usage.startswith("Usage: ") and " ".join(path) in usage
    summary = (command.help or "").split("\n")[0]
    assert summary and " ".join(summary.split()) in " ".join(rest.split())
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert all(name in rest for name in parameter.opts), parameter.opts
        else:
            assert parameter.make_metavar(click.Context(command)) in usage


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_an_unknown_option_is_a_usage_error(any_app: APIFlask, path: tuple[str, ...]) -> None:
    result = result_of(any_app, *path, "--sideways")
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")
    assert result.stderr.splitlines()[-1].startswith("Error: No such option")
    assert "--sideways" in result.stderr


def test_a_missing_argument_is_named(any_app: APIFlask) -> None:
    for path, command in COMMANDS.items():
        needed = [one for one in command.params if isinstance(one, click.Argument) and one.required]
        if needed:
            result = result_of(any_app, *path)
            assert result.exit_code == 2
            name = needed[0].make_metavar(click.Context(command))
            assert f"Error: Missing argument '{name}'" in result.stderr, path


def test_all_that_print_json_are_asked_here() -> None:
    with_json = {
        path for path, one in COMMANDS.items() if any("--json" in each.opts for each in one.params)
    }
    assert with_json == {*JSON_COMMANDS, ("evaluate",)}


@pytest.mark.parametrize("path", JSON_COMMANDS, ids=" ".join)
def test_json_is_all_that_goes_to_standard_output(app: APIFlask, path: tuple[str, ...]) -> None:
    result = result_of(app, *path, *JSON_COMMANDS[path], "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert isinstance(answer, dict) and answer
    assert result_of(app, *path, *JSON_COMMANDS[path]).stdout != result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("gaps", "demo:nobody"),
        ("roadmap", "demo:nobody"),
        ("matches", "demo:nobody"),
        ("line-up", "demo:nobody"),
        ("advice", "demo:nobody", "demo:vito"),
        ("show", "demo:nobody"),
        ("remove", "demo:nobody"),
    ],
    ids=" ".join,
)
def test_an_initiative_that_is_not_there(empty_app: APIFlask, arguments: tuple[str, ...]) -> None:
    said = run(empty_app, "initiative", *arguments, fails=True)
    assert said.startswith("Error: There is no initiative demo:nobody. ")
    assert "`schakel initiative list` shows those that are there." in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import", "cordis", "nowhere"), "Path 'nowhere' does not exist."),
        (("import", "organisations", "nowhere.csv"), "'nowhere.csv' does not exist."),
        (("duplicates", "merge", "x:a", "x:b"), "x:a"),
        (("insight", "strengths", "be2", "--json", "--sideways"), "No such option"),
        (("evaluate", "--seed", "many"), "'many' is not a valid integer"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_mistakes_get_a_sentence(
    empty_app: APIFlask, arguments: tuple[str, ...], said: str
) -> None:
    assert said in run(empty_app, *arguments, fails=True)
