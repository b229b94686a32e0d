"""Which distribution to install for an import that found nothing."""

import sys

# Import name → name on PyPI, where the two differ.
_DISTRIBUTIONS = {
    "agents": "openai-agents",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "google.cloud.storage": "google-cloud-storage",
    "google.genai": "google-genai",
    "google.generativeai": "google-generativeai",
    "googleapiclient": "google-api-python-client",
    "git": "GitPython",
    "github": "PyGithub",
    "guardrails": "openai-guardrails",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "mysql": "mysql-connector-python",
    "MySQLdb": "mysqlclient",
    "nacl": "PyNaCl",
    "OpenSSL": "pyOpenSSL",
    "pil": "Pillow",
    "PIL": "Pillow",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "pymongo": "pymongo",
    "bson": "pymongo",
    "Crypto": "pycryptodome",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slack_sdk": "slack-sdk",
    "telegram": "python-telegram-bot",
    "usb": "pyusb",
    "win32api": "pywin32",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}


def distribution_of(import_name: str) -> str:
    """The name to write into `requirements.txt` for an import."""
    parts = import_name.split(".")
    for length in range(len(parts), 0, -1):
        known = _DISTRIBUTIONS.get(".".join(parts[:length]))
        if known:
            return known
    return parts[0].replace("_", "-")


def is_standard(import_name: str) -> bool:
    """True for a module of Python itself, which nothing can install."""
    return import_name.split(".", maxsplit=1)[0] in sys.stdlib_module_names
