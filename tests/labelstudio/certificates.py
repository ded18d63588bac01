"""A certificate authority of our own, and a server's certificate that it has signed."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path
from typing import NamedTuple

from cryptography import x509  # Label Studio needs it, too
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


class PrivateAuthority(NamedTuple):
    """The authority's certificate in a PEM file, and the side of a server that it vouches for."""

    ca_file: Path
    server_context: ssl.SSLContext


def make_authority(folder: Path, *addresses: str) -> PrivateAuthority:
    """Make an authority that vouches for ``localhost`` and these addresses."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Our own authority")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Label Studio")])
    constraint = x509.BasicConstraints(ca=True, path_length=0)
    ca = _begin(authority, authority, ca_key).add_extension(constraint, critical=True)
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    server = _begin(name, authority, key).add_extension(
        x509.SubjectAlternativeName(names), critical=False
    )
    pem = folder / "server.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(secret + server.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    ca_file = folder / "authority.pem"
    ca_file.write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return PrivateAuthority(ca_file, context)


def _begin(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - _DAY).not_valid_after(now + _DAY)
