"""The operator's settings: which variables are there, and what do they say in this process?

The only package that reads os.environ.
"""

from bot.settings.folders import cache_directory, tool_folders
from bot.settings.model import FetchSettings, Settings
from bot.settings.read import public_url, read_fetch_settings, read_settings
from bot.settings.variables import LOG_LEVELS, VARIABLES, SettingVariable

__all__ = [
    "LOG_LEVELS",
    "VARIABLES",
    "FetchSettings",
    "SettingVariable",
    "Settings",
    "cache_directory",
    "public_url",
    "read_fetch_settings",
    "read_settings",
    "tool_folders",
]
