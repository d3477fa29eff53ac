"""``mailproof completion``: what the shell offers behind a tab, made from the parsers of the command line."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from mailproof.output import print_text

SHELLS = ("bash", "fish", "zsh")


def add_completion(commands: Any, parser: argparse.ArgumentParser) -> None:
    """Add the command to the parser of the command line, which is ``parser``."""
    command = commands.add_parser(
        "completion",
        help="print a script that completes commands, options, controls and profiles",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Print a script for your shell, which offers commands, options, the ids of controls and the names\n"
        "of profiles behind a tab. It is that of this version: print it again after an upgrade.\n\n"
        "  bash   mkdir -p ~/.local/share/bash-completion/completions\n"
        "         mailproof completion bash > ~/.local/share/bash-completion/completions/mailproof\n"
        "         (read by the package bash-completion), or in ~/.bashrc: source <(mailproof completion bash)\n"
        "  zsh    mkdir -p ~/.zfunc; mailproof completion zsh > ~/.zfunc/_mailproof\n"
        "         with this before compinit in ~/.zshrc: fpath+=(~/.zfunc)\n"
        "  fish   mkdir -p ~/.config/fish/completions\n"
        "         mailproof completion fish > ~/.config/fish/completions/mailproof.fish",
    )
    command.add_argument("shell", choices=SHELLS, help="the shell that it is for")
    command.set_defaults(run=partial(_run, parser))


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from mailproof.commands import shells
    from mailproof.commands.command_line import described

    write = {"bash": shells.bash, "fish": shells.fish, "zsh": shells.zsh}[options.shell]
    print_text(write(described(parser)))
    return 0
