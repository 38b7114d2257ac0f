# Admins manage operators; everybody may set the own password; the last admin stays; a name is never given to another.
operator olga operator
    olga added as operator
operator vera viewer
    vera added as viewer
send {"command": "operator.add", "operator": "max", "role": "approver", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M"}
    max added as approver
send {"command": "operator.add", "operator": "max", "role": "viewer", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M"}
    refused, operator_exists: max exists
send {"command": "operator.add", "operator": "tess", "role": "operator", "tenants": ["beta", "acme"], "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M"}
    tess added as operator of acme,beta
send {"command": "operator.add", "operator": "zoe", "role": "admin", "tenants": "acme", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M"}
    refused, operator_invalid: an admin manages operators and keys of everybody, and can't be confined to tenants
send as olga {"command": "operator.add", "operator": "zoe", "role": "viewer", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M"}
    refused, not_authorized: operator.add is not for this operator's role
send as olga {"command": "operator.list"}
    refused, not_authorized: operator.list is not for this operator's role
# What is wrong with a password is said without saying the password.
send {"command": "operator.add", "operator": "zoe", "role": "viewer", "password": "too short"}
    refused, password_refused: the password has 9 characters, at least 15 are needed
send {"command": "operator.add", "operator": "zoe", "role": "viewer", "password": 123456789012345}
    refused, malformed: password: expected a text
send {"command": "operator.add", "operator": "zoe", "role": "viewer"}
    refused, malformed: either `password` or `password_hash` is needed
send {"command": "operator.add", "operator": "zoe", "role": "viewer", "password_hash": "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M"}
    refused, password_refused: password_hash: m=64,t=1,p=1 is too weak: at least m=7168, and m times t at least 35840
send {"command": "operator.add", "operator": "zoe", "role": "viewer", "password": "not hashed on its way here"}
    refused, password_refused: the password has not been hashed
# Passwords.
send as vera {"command": "operator.password", "operator": "vera", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M"}
    vera has a new password
send as vera {"command": "operator.password", "operator": "olga", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M"}
    refused, not_authorized: operator.password is not for this operator's role
send {"command": "operator.password", "operator": "olga", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M"}
    olga has a new password
# Roles and tenants.
send {"command": "operator.change", "operator": "tess", "tenants": "*"}
    tess is operator now
send {"command": "operator.change", "operator": "tess", "tenants": "*"}
    refused, operator_invalid: tess is so already: nothing is to be changed
send {"command": "operator.change", "operator": "tess", "tenants": []}
    refused, malformed: tenants: no tenant at all; `*` stands for all
send {"command": "operator.change", "operator": "tess", "tenants": ["acme"], "expected_version": 3}
    refused, malformed: expected_version means nothing for operator.change
send {"command": "operator.change", "operator": "ann", "role": "operator"}
    refused, last_admin: ann is the only admin; make another one first
send {"command": "operator.revoke", "operator": "ann"}
    refused, last_admin: ann is the only admin; make another one first
send {"command": "operator.change", "operator": "tess", "role": "admin"}
    tess is admin now
send as tess {"command": "operator.revoke", "operator": "ann", "reason": "has left", "id": "bye"}
    ann revoked
send as tess {"command": "operator.revoke", "operator": "ann", "id": "bye"}
    answered before: accepted
send as tess {"command": "operator.revoke", "operator": "tess"}
    refused, last_admin: tess is the only admin; make another one first
# Whoever was revoked is nobody, and nobody else becomes it.
send {"command": "operator.list"}
    refused, not_authorized: operator.list is not for this operator's role
send as ann {"command": "operator.password", "operator": "ann", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M"}
    refused, not_authorized: operator.password is not for this operator's role
send as tess {"command": "operator.add", "operator": "ann", "role": "viewer", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG9Rk0lT9Kw6M"}
    refused, operator_exists: ann has been revoked; a name is not given to another
send as tess {"command": "operator.change", "operator": "ann", "role": "admin"}
    refused, invalid_transition: ann has been revoked
send as tess {"command": "operator.revoke", "operator": "nobody"}
    refused, unknown_operator: no operator nobody
send as tess {"command": "operator.list"}
    told {"operators":[{"operator":"ann","revoked_ms":1767225600000,"role":"admin","tenants":"*"},{"operator":"max","role":"approver","tenants":"*"},{"operator":"olga","role":"operator","tenants":"*"},{"operator":"tess","role":"admin","tenants":"*"},{"operator":"vera","role":"viewer","tenants":"*"}]}
