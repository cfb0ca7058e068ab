"""How commands begin and end: settings, refusals in words, logs."""

from __future__ import annotations

import sys
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.config import Settings


class Refusal(Exception):  # noqa: N818 - an answer for the person at the keyboard
    """Why a command cannot do what it was asked, and what would help, Chinese first."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}\n\nipops: {en}")


def load_settings() -> Settings:
    """The settings of the environment. Raises `Refusal` with all that is wrong with them."""
    from pydantic import ValidationError

    from app.config import Settings
    from app.infra import logging

    logging.configure(json_lines=not sys.stderr.isatty())
    try:
        return Settings()
    except ValidationError as error:
        wrong = "\n".join(
            f"  {'IPOPS_' + '.'.join(map(str, one['loc'])).upper() + ': ' if one['loc'] else ''}"
            f"{one['msg'].removeprefix('Value error, ')}"
            for one in error.errors(include_input=False, include_url=False)
        )
        raise Refusal(
            f"设置有误（环境变量或 .env，说明见 .env.example）：\n{wrong}",
            f"the settings are wrong (environment or .env, explained in .env.example):\n{wrong}",
        ) from None


def prepare_data_dir(settings: Settings) -> None:
    """Make the data folder. Raises `Refusal` when nothing can be written there."""
    folder = settings.data_dir.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Refusal(
            f"数据目录 {folder} 不可写（{error.strerror}）。请更改其权限，或用 IPOPS_DATA_DIR 指定另一目录。",
            f"the data folder {folder} cannot be written ({error.strerror}). "
            "Change its permissions, or name another one in IPOPS_DATA_DIR.",
        ) from error
