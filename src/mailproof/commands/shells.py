"""The command line as bash, zsh and fish complete it. What stands in the scripts is mailproof's own."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from mailproof.commands.command_line import Argument, Command, CommandLine, Values

_BASH = """\
_mailproof() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= at=0 word n words= paths=
    # --option=VALUE is three words to bash.
    if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
    for (( n = 1; n < COMP_CWORD; n++ )); do
        word=${COMP_WORDS[n]}
        if [[ $word == -* ]]; then
            if _mailproof_values "$path $word"; then
                if [[ ${COMP_WORDS[n+1]} == = ]]; then (( n += 2 )); else (( n += 1 )); fi
            fi
        elif (( at == 0 )) && _mailproof_commands "$path" && [[ " $words " == *" $word "* ]]; then
            path=${path:+$path }$word
        else
            (( at += 1 ))
        fi
    done
    words= paths=
    if [[ $prev == -* ]] && _mailproof_values "$path $prev"; then
        :
    elif [[ $cur == -* ]]; then
        _mailproof_options "$path"
    elif (( at > 0 )) || ! _mailproof_commands "$path"; then
        _mailproof_values "$path @$at"
    fi
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    if [[ $paths == directories ]]; then
        # Line by line: a name may hold blanks, or an asterisk.
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -d -- "$cur")
        compopt -o filenames 2> /dev/null
    elif [[ -z $paths ]]; then
        # No file is meant: without this, readline would offer those of the directory.
        compopt +o default +o bashdefault 2> /dev/null
    fi
    return 0
}
complete -o bashdefault -o default -F _mailproof mailproof
"""


def bash(line: CommandLine) -> str:
    """The script for bash, from 3.2 on."""
    options = ((command.name, _names(command.options)) for command in line.root.all())
    below = (
        (command.name, " ".join(each.path[-1] for each in command.commands))
        for command in line.root.all()
        if command.commands
    )
    parts = [
        f"# Completion of mailproof {line.version} for bash, by `mailproof completion bash`.",
        *(f"_mailproof_{name}={shlex.quote(' '.join(words))}" for name, words in line.lists.items()),
        *_bash_function("options", ((f"{_quoted(name)}", f"words={shlex.quote(words)}") for name, words in options)),
        *_bash_function("commands", ((f"{_quoted(name)}", f"words={shlex.quote(words)}") for name, words in below)),
        *_bash_function("values", _bash_values(line.root)),
        _BASH,
    ]
    return "\n".join(parts)


def _bash_function(name: str, cases: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A function that sets ``words`` and ``paths`` for its argument, and fails where it knows nothing of it."""
    by_body: dict[str, list[str]] = {}
    for pattern, body in cases:
        by_body.setdefault(body, []).append(pattern)
    yield f"_mailproof_{name}() {{"
    yield "    words= paths="
    yield "    case $1 in"
    for body, patterns in by_body.items():
        yield f"        {'|'.join(patterns)}) {body} ;;"
    yield "        *) return 1 ;;"
    yield "    esac"
    yield "}"


def _bash_values(root: Command) -> Iterator[tuple[str, str]]:
    """What is offered behind an option (``plan --control``), and for the arguments by number (``waive @1``)."""
    for command in root.all():
        for option in command.options:
            if option.values is not None:
                for name in option.names:
                    yield _quoted(f"{command.name} {name}"), _bash_words(option.values)
        for number, argument in enumerate(command.positionals):
            if argument.values is not None:
                at = "@'*" if argument.repeatable else f"@{number}'"
                yield f"'{command.name} {at}", _bash_words(argument.values)


def _bash_words(values: Values) -> str:
    words = f"$_mailproof_{values.list}" if values.list else shlex.quote(" ".join(values.words))
    return f"words={words} paths={values.paths}"


def _quoted(text: str) -> str:
    return f"'{text}'"


def _names(options: Iterable[Argument]) -> str:
    return " ".join(name for option in options for name in option.names)


_ZSH_PATHS = {"files": "_files", "directories": "_files -/"}


def zsh(line: CommandLine) -> str:
    """The script for zsh: a file ``_mailproof`` in a directory of ``fpath``."""
    parts = [
        "#compdef mailproof",
        f"# Completion of mailproof {line.version} for zsh, by `mailproof completion zsh`.",
        "",
    ]
    for name, words in line.lists.items():
        parts.append(f"_mailproof_list_{name}() {{ compadd -- {' '.join(map(shlex.quote, words))} }}")
    offered = {argument.values for command in line.root.all() for argument in command.arguments if argument.values}
    for name, paths in sorted({(values.list, values.paths) for values in offered if values.list and values.paths}):
        either = f"'{name}:{name}:_mailproof_list_{name}' '{paths}:{paths}:{_ZSH_PATHS[paths]}'"
        parts.append(f"_mailproof_list_{name}_or_{paths}() {{ _alternative {either} }}")
    for command in line.root.all():
        parts += ["", *_zsh_function(command)]
    # The first completion calls the file itself; sourced, it only says what there is.
    parts += [
        "",
        'if [[ $funcstack[1] == _mailproof ]]; then _mailproof "$@"; else compdef _mailproof mailproof; fi',
        "",
    ]
    return "\n".join(parts)


def _zsh_function(command: Command) -> Iterator[str]:
    yield f"{_function(command)}() {{"
    yield '    local curcontext="$curcontext" state line ret=1'
    yield "    local -A opt_args"
    specs = [spec for option in command.options for spec in _zsh_option(option)]
    if command.commands:
        names = " ".join(f"{each.path[-1]}\\:{_zsh_word(each.help)}" for each in command.commands)
        specs += [shlex.quote(f":command:(({names}))"), shlex.quote("*::: :->below")]
    else:
        specs += [_zsh_positional(argument) for argument in command.positionals]
    yield "    _arguments -C \\"
    yield from (f"        {spec} \\" for spec in specs)
    yield "        && ret=0"
    if command.commands:
        yield "    if [[ $state == below ]]; then"
        yield '        words=($line[1] "${words[@]}")'
        yield "        (( CURRENT += 1 ))"
        yield "        case $line[1] in"
        yield from (f"            {each.path[-1]}) {_function(each)} && ret=0 ;;" for each in command.commands)
        yield "        esac"
        yield "    fi"
    yield "    return ret"
    yield "}"


def _function(command: Command) -> str:
    return "_".join(("_mailproof", *command.path))


def _zsh_option(option: Argument) -> Iterator[str]:
    others = "*" if option.repeatable else f"({' '.join(option.names)})"
    for name in option.names:
        if option.values is None:
            yield shlex.quote(f"{others}{name}[{_zsh_text(option.help)}]")
        else:
            # A long option may have its value behind "=" or in the next word.
            ends = "=" if name.startswith("--") else "+"
            value = f"{_zsh_text(option.metavar)}:{_zsh_action(option.values)}"
            yield shlex.quote(f"{others}{name}{ends}[{_zsh_text(option.help)}]:{value}")


def _zsh_positional(argument: Argument) -> str:
    action = _zsh_action(argument.values or Values())
    return shlex.quote(f"{'*' if argument.repeatable else ''}:{_zsh_text(argument.metavar)}:{action}")


def _zsh_action(values: Values) -> str:
    if values.words:
        return f"({' '.join(values.words)})"
    if values.list:
        return f"_mailproof_list_{values.list}" + (f"_or_{values.paths}" if values.paths else "")
    return _ZSH_PATHS.get(values.paths, " ")


def _zsh_text(text: str) -> str:
    for special in "\\[]:":
        text = text.replace(special, f"\\{special}")
    return text


def _zsh_word(text: str) -> str:
    """The description of one of several words in parentheses: a word of the shell itself."""
    return shlex.quote(text).replace("\\", "\\\\").replace(":", "\\:")


_FISH = """\
function __mailproof_at
    # Whether these commands, and perhaps options and arguments behind them, stand before the cursor.
    set -l found (commandline -opc)
    set -e found[1]
    set -l depth (count $argv)
    test (count $found) -ge $depth; and test "$found[1..$depth]" = "$argv"
end
function __mailproof_ends
    # Whether these commands and nothing else stand before the cursor.
    set -l found (commandline -opc)
    set -e found[1]
    test "$found" = "$argv"
end
complete -c mailproof -f
"""


def fish(line: CommandLine) -> str:
    """The script for fish."""
    parts = [f"# Completion of mailproof {line.version} for fish, by `mailproof completion fish`."]
    parts += [f"set -g __mailproof_{name} {' '.join(map(_fish, words))}" for name, words in line.lists.items()]
    parts.append(_FISH.rstrip())
    for command in line.root.all():
        here = f"complete -c mailproof -n {_fish(' '.join(('__mailproof_at', *command.path)))}"
        only = f"complete -c mailproof -n {_fish(' '.join(('__mailproof_ends', *command.path)))}"
        parts += [f"{only} -a {each.path[-1]} -d {_fish(each.help)}" for each in command.commands]
        parts += [
            f"{here if command.path else only} {_fish_names(option)} -d {_fish(option.help)}{_fish_values(option)}"
            for option in command.options
        ]
        for argument in command.positionals:
            if offered := _fish_offer(argument.values or Values()):
                parts.append(f"{here}{offered}")
    return "\n".join((*parts, ""))


def _fish_names(option: Argument) -> str:
    return " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)


def _fish_values(option: Argument) -> str:
    """``-r``: a value is wanted, and ``-f`` and ``-F`` say whether it may be a file."""
    if option.values is None:
        return ""
    return f" -r{_fish_offer(option.values) or ' -f'}"


def _fish_offer(values: Values) -> str:
    paths = {"files": " -F", "directories": " -f -a '(__fish_complete_directories)'", "": " -f"}[values.paths]
    if values.list:
        return f"{paths} -a '$__mailproof_{values.list}'"
    if values.words:
        return f" -f -a {_fish(' '.join(values.words))}"
    return paths if values.paths else ""


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
