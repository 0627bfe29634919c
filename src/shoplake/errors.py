"""What can go wrong, and the exit code each kind of failure ends the command with.

A message names the file, line or key, what was found, what was expected and the remedy, in that order.
"""


class ShoplakeError(Exception):
    """Any failure that a person can act on. It is printed as one sentence, never as a traceback."""

    exit_code = 2


class CheckFailed(ShoplakeError):
    """A stop-level check failed, or the ledger does not add up. What was published stays published."""

    exit_code = 1


class WrongUse(ShoplakeError):
    """The command, a file or a setting is not what it has to be."""

    exit_code = 2


class Lacking(ShoplakeError):
    """The environment lacks something: a folder that can be written, space on the disk, a package, a newer version."""

    exit_code = 3


class Held(ShoplakeError):
    """Another process holds the lake's lock."""

    exit_code = 4
