"""What can go wrong between the name of a model and its files, and whose mistake it is.

ArtifactError
├── ArtifactMissing      the user's: nothing is there, or it may not be had
│   ├── ModelNotFound        no such model, folder or revision
│   ├── ModelAccessDenied    gated or private
│   └── ModelDataNotFound    no such object or prefix
├── ArtifactRefused      the user's: it is there and must not be used
│   ├── InvalidUri           not a place that can be read
│   ├── DamagedArchive       not a whole .tar.gz
│   ├── HostileArchive       it would write outside its folder, or is no plain tree of files
│   └── ArchiveTooLarge      it unpacks to more than is allowed or fits
└── SourceUnreachable    the peer's: the hub or the object store did not answer
"""


class ArtifactError(Exception):
    """The root of the tree; `str(error)` is one line that says what to change."""


class ArtifactMissing(ArtifactError):
    """What was named is not there for this user."""


class ModelNotFound(ArtifactMissing):
    """There is no such model."""


class ModelAccessDenied(ArtifactMissing):
    """The model exists, and its owner has not let this user in."""


class ModelDataNotFound(ArtifactMissing):
    """There is no object under that key or prefix."""


class ArtifactRefused(ArtifactError):
    """What was named must not be used."""


class InvalidUri(ArtifactRefused):
    """The text names no place."""


class DamagedArchive(ArtifactRefused):
    """The archive cannot be read to its end."""


class HostileArchive(ArtifactRefused):
    """A member of the archive, or a key below the prefix, reaches outside or is no plain file, folder or inner link."""


class ArchiveTooLarge(ArtifactRefused):
    """Unpacked, the archive would be larger than allowed."""


class SourceUnreachable(ArtifactError):
    """The place where the model lies could not be asked."""
