# who signs
path "secret/data/signing/*" {
  capabilities = ["read", "list"]
}
path "transit/sign/orders" { capabilities = ["update"] }
path "transit/export/signing-key/legacy" { capabilities = ["read"] }
path "secret/metadata/*" { capabilities = ["list", "read"] }
path "secret/data/signing/root" { capabilities = ["deny"] }
