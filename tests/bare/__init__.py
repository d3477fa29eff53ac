"""Follows the README to the letter on a bare Debian, from its first command to the first report: ``make bare``.

Each release is a root file system of debootstrap with nothing but its minimal base; a checkout lies in the home of a
user without rights. What is typed there is what the README prints, with a made-up world in place of somebody's domain.
Takes minutes, root and a network.
"""
