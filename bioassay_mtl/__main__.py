"""``python -m bioassay_mtl``: the command ``bioassay-mtl``."""

from bioassay_mtl.cli.app import main

if __name__ == "__main__":
    main()
