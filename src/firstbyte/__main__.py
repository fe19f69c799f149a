"""The `firstbyte` command, also as `python -m firstbyte`."""

from firstbyte.cli.main import app


def main() -> None:
    """Run the command line; exits the process."""
    app(prog_name="firstbyte")


if __name__ == "__main__":
    main()
