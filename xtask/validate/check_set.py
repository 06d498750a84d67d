"""Checks security event tokens with PyPI's `joserfc`: `check_set.py JWKS AUDIENCE ISSUER < tokens`, a token a line.

Signature (RFC 7515), header (`typ`, RFC 8417 section 2.3), and the claims that RFC 8417 section 2.2 asks for; `exp` must
not be there. Prints the claims, a line each.
"""

import json
import sys

from joserfc import jws
from joserfc.jwk import KeySet

jwks, audience, issuer = sys.argv[1:]
with open(jwks) as file:
    keys = KeySet.import_key_set(json.load(file))
for line in sys.stdin:
    token = jws.deserialize_compact(line.strip(), keys, algorithms=["ES256"])
    if token.headers().get("typ") != "secevent+jwt":
        sys.exit("its `typ` is not `secevent+jwt`")
    claims = json.loads(token.payload)
    for name in ["iss", "iat", "jti", "aud", "events", "sub_id"]:
        if name not in claims:
            sys.exit(f"it lacks `{name}`")
    if claims["iss"] != issuer or claims["aud"] != audience or "exp" in claims or not claims["events"]:
        sys.exit("its claims are not those of a security event token of ours")
    print(json.dumps(claims))
