"""`python -m diaforge_core`: all that the pages do, without a browser."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
