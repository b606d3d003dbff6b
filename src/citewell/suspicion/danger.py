"""Code to take over with care: it sends what it found out, runs what it fetched, destroys, or persists. Pure."""

from __future__ import annotations

import re
from typing import Final

_TAKES: Final = re.compile(
    r"os\.environ|getenv|psutil|cookie|contacts?\b|/etc/passwd|\.ssh|keychain|clipboard|"
    r"screenshot|pyautogui|ImageGrab|pynput|keyboard|getpass|\$HOME|printenv|history|wallet|socket\.gethost|"
    r"platform\.|uname|localStorage|document\.cookie|"
    r"open\([^)]*\)\.read|\.read\(\)|r\.content|\.read_bytes",
    re.IGNORECASE,
)
_SENDS: Final = re.compile(
    r"requests\.(?:post|put|get\([^)]*(?:cookies|params|data)=)|httpx?\.post|\.sendall\(|\.send\(|"
    r"\.send_message\(|sendmail|smtplib|ftplib|FTP\(|storbinary|"
    r"HTTPConnection|urlopen\([^)]*data|paramiko|scp\.|SCPClient|\bcurl\b[^\n]{0,80}(?:-F|-d|--data|-T|"
    r"-X ?POST)|\bnc\b -|XMLHttpRequest|fetch\([^)]*POST",
    re.IGNORECASE,
)
_FETCHES: Final = re.compile(
    r"urlretrieve|urlopen|requests\.get|\bwget\b|\bcurl\b|http\.request|download(?:String|File)|Invoke-WebRequest",
    re.IGNORECASE,
)
_RUNS: Final = re.compile(
    r"\bexec\(|\beval\(|os\.system|subprocess|\|\s*(?:ba|z)?sh\b|chmod \+x|\./\w+|Popen|nohup|"
    r"Invoke-Expression|pickle\.load",
    re.IGNORECASE,
)
_DESTROYS: Final = re.compile(
    r"rm -rf? /|rm -rf|of=/dev/|mkfs|shutil\.rmtree\(\s*[\"']/|os\.remove\(\s*[\"']/|systemctl stop|"
    r"DROP (?:TABLE|DATABASE)|format c:|:\(\)\{|del /[sq]",
    re.IGNORECASE,
)
_PERSISTS: Final = re.compile(
    r">> ?/etc/|/etc/init\.d|crontab|rc\.local|authorized_keys|CurrentVersion\\\\?Run|launchctl|xmrig",
    re.IGNORECASE,
)


def danger(code: str) -> float:
    """Return 1 for code that does such a thing, else 0. Tutorials may do it too: it counts with what is "
    "said around it."""
    if _DESTROYS.search(code) or _PERSISTS.search(code):
        return 1.0
    if _SENDS.search(code) and _TAKES.search(code):
        return 1.0
    return float(bool(_FETCHES.search(code) and _RUNS.search(code)))
