"""What the operator decides, and the home that the host keeps its things in."""

from firstbyte.aws.rights import Rights
from firstbyte.settings.home import HomeInUse, HostCredentials, lock_home, open_credentials, read_credentials
from firstbyte.settings.keys import AccessKey, KeyRing
from firstbyte.settings.loading import list_settings, load_settings, read_environment, render_reference
from firstbyte.settings.sections import ServerSettings, Settings, SettingsError

__all__ = [
    "AccessKey",
    "HomeInUse",
    "HostCredentials",
    "KeyRing",
    "Rights",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "list_settings",
    "load_settings",
    "lock_home",
    "open_credentials",
    "read_credentials",
    "read_environment",
    "render_reference",
]
