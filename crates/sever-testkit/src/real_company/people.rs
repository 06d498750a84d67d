//! What people do: their work, and what one of them does after he has left.

use anyhow::{Context, Result, ensure};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use jiff::Timestamp;
use serde_json::json;

use super::servers::{KEY_PATH, Servers, password};
use super::truth::{NOBODY, Truth};
use crate::client;
use crate::{OidcProvider, SambaAdDc, Slapd};

/// HR's zone: not that of the servers.
const HR_ZONE: &str = "Asia/Seoul";

/// Customers who buy in the morning and in the evening.
const CUSTOMERS: u32 = 60;

/// The password that bob gives what he makes.
const KEPT_PASSWORD: &str = "Kept-for-later-1";

/// A day of work.
pub(super) struct Day<'a> {
    servers: &'a Servers,
    seed: u64,
    /// The signing key, as bob read it.
    key: String,
    /// The token of OpenBao that bob made himself.
    deploy_token: String,
    /// Whose key on the host has which fingerprint.
    pub host_keys: Vec<(&'static str, String)>,
    /// Whom bob's forged tokens named.
    forged: Vec<String>,
}

/// When the leaver's access ended.
pub(super) struct Left {
    pub at: Timestamp,
    /// As HR writes it.
    pub text: String,
}

impl<'a> Day<'a> {
    pub(super) fn begin(servers: &'a Servers, seed: u64) -> Result<Day<'a>> {
        let host_keys = vec![("ann", servers.sshd.let_in("ann")?), ("zoe", servers.sshd.let_in("zoe")?)];
        Ok(Day { servers, seed, key: String::new(), deploy_token: String::new(), host_keys, forged: Vec::new() })
    }

    /// Everybody works; bob takes and makes what he will use.
    pub(super) fn morning(&mut self) -> Result<()> {
        let servers = self.servers;
        for login in self.turned(["ann", "bob", "zoe"]) {
            self.works(login)?;
        }
        self.customers_buy(0)?;
        self.batch_runs()?;

        let token = self.vault_token("bob")?;
        self.key = servers.bao.bao(&token, &["kv", "get", "-mount=secret", "-field=pem", "signing/kid-1"])?.text()?;
        let words = ["token", "create", "-policy=signing", "-ttl=8h", "-display-name=deploy", "-field=token"];
        self.deploy_token = servers.bao.bao(&token, &words)?.text()?.trim().to_owned();

        let jo = format!(
            "dn: {}\nobjectClass: inetOrgPerson\nuid: jo.doe\ncn: Jo Doe\nsn: Doe\nuserPassword: {KEPT_PASSWORD}\n",
            Slapd::person("jo.doe")
        );
        servers.slapd.ask("ldapadd", (&Slapd::person("bob"), &password("bob")), &[], &jo)?.text()?;
        let role = format!("create role etl login password '{KEPT_PASSWORD}'; grant select on orders to etl;");
        servers.postgres.ask("bob", &password("bob"), &role)?.text()?;
        let fingerprint = servers.sshd.let_in("bob")?;
        self.host_keys.push(("bob", fingerprint));
        ensure!(servers.sshd.log_in_with("bob")?, "bob's key does not let him in");
        Ok(())
    }

    /// HR ends bob's access at this moment; waits until that is past by the servers' coarsest clock.
    pub(super) fn noon(&self) -> Result<Left> {
        let at = Timestamp::now();
        // HR knows seconds, and the last one counts whole.
        let end = Timestamp::from_second(at.as_second() + 1).context("no end")?;
        let text = end.in_tz(HR_ZONE).context("no zone")?.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        crate::wait_until("the leaver's last second to pass", || {
            Ok((Timestamp::now().as_second() > end.as_second() + 1).then_some(()))
        })?;
        Ok(Left { at: end, text })
    }

    /// Bob is back; the others work on, until the issuer has outlived what bob did.
    pub(super) fn evening(&mut self) -> Result<()> {
        let customers: Vec<String> = (0..3).map(|at| OidcProvider::customer(self.pick(at))).collect();
        for customer in customers {
            self.forge(&customer)?;
        }
        // One that never was a customer.
        self.forge(NOBODY)?;

        for act in
            self.turned([Self::asks_directory, Self::asks_database, Self::asks_vault, Self::logs_in, Self::signs_in])
        {
            act(self)?;
        }
        self.works_on()?;
        Ok(())
    }

    /// By the account that he made for nobody.
    fn asks_directory(&self) -> Result<()> {
        let search = ["-LLL", "-b", Slapd::BASE, "(objectClass=inetOrgPerson)", "mail"];
        self.servers.slapd.ask("ldapsearch", (&Slapd::person("jo.doe"), KEPT_PASSWORD), &search, "")?.text()?;
        Ok(())
    }

    /// By the role that he made for nobody.
    fn asks_database(&self) -> Result<()> {
        let sql = "select customer, street from orders order by id limit 20;";
        self.servers.postgres.ask("etl", KEPT_PASSWORD, sql)?.text()?;
        Ok(())
    }

    /// By the token that he made himself.
    fn asks_vault(&self) -> Result<()> {
        let words = ["kv", "get", "-mount=secret", "-field=pem", "signing/kid-1"];
        self.servers.bao.bao(&self.deploy_token, &words)?.text()?;
        Ok(())
    }

    fn logs_in(&self) -> Result<()> {
        ensure!(self.servers.sshd.log_in_with("bob")?, "the host has forgotten bob's key");
        Ok(())
    }

    fn signs_in(&self) -> Result<()> {
        self.signs_in_to_domain("bob")
    }

    /// The same in another order, by the seed.
    fn turned<T, const N: usize>(&self, mut acts: [T; N]) -> [T; N] {
        acts.rotate_left(self.pick(900) as usize % N);
        acts
    }

    /// What must be found of all this.
    pub(super) fn truth(&self, left: &Left) -> Truth {
        Truth::of_the_day(left.at, self.forged.clone())
    }

    /// The others, until two seconds after bob's last act.
    fn works_on(&self) -> Result<()> {
        let until = Timestamp::now().as_second() + 2;
        let mut turn = 1;
        let hours = 2 + self.pick(901) % 3;
        while Timestamp::now().as_second() <= until || turn <= hours {
            for login in self.turned(["ann", "zoe"]) {
                self.works(login)?;
            }
            self.customers_buy(turn)?;
            self.batch_runs()?;
            turn += 1;
        }
        // Somebody mistypes, and somebody else helps.
        let servers = self.servers;
        let search = ["-LLL", "-b", Slapd::BASE, "(uid=zoe)", "mail"];
        let mistyped = servers.slapd.ask("ldapsearch", (&Slapd::person("zoe"), "mistyped"), &search, "")?;
        ensure!(!mistyped.success, "the directory takes any password");
        let reset = ["-s", &password("zoe"), &Slapd::person("zoe")];
        servers.slapd.ask("ldappasswd", (&Slapd::person("ann"), &password("ann")), &reset, "")?.text()?;
        Ok(())
    }

    /// An hour of somebody's work: everything that they use, once.
    fn works(&self, login: &str) -> Result<()> {
        let servers = self.servers;
        let (dn, secret) = (Slapd::person(login), password(login));
        let search = ["-LLL", "-b", Slapd::BASE, "(uid=zoe)", "mail"];
        servers.slapd.ask("ldapsearch", (&dn, &secret), &search, "")?.text()?;
        self.signs_in_to_domain(login)?;
        let sql = format!("select street from orders where customer = '{}';", OidcProvider::customer(self.pick(7)));
        servers.postgres.ask(login, &secret, &sql)?.text()?;
        let token = self.vault_token(login)?;
        servers.bao.bao(&token, &["kv", "get", "-mount=secret", "support/desk"])?.text()?;
        ensure!(servers.glewlwyd.token(login, &secret)?.status == 200, "{login} gets no token at the desk");
        if self.host_keys.iter().any(|(name, _)| *name == login) {
            ensure!(servers.sshd.log_in_with(login)?, "{login}'s key does not let them in");
        }
        Ok(())
    }

    fn signs_in_to_domain(&self, login: &str) -> Result<()> {
        let (name, secret) = (format!("{login}@shop.example"), password(login));
        let search = ["-LLL", "-b", SambaAdDc::BASE, "-s", "base", "dn"];
        self.servers.samba.ask("ldapsearch", (&name, &secret), &search, "")?.text()?;
        Ok(())
    }

    fn vault_token(&self, login: &str) -> Result<String> {
        let secret = format!("password={}", password(login));
        let words = ["login", "-method=userpass", "-token-only", "-no-store"];
        let name = format!("username={login}");
        let words = [&words[..], &[name.as_str(), secret.as_str()]].concat();
        Ok(self.servers.bao.bao("", &words)?.text()?.trim().to_owned())
    }

    /// Each customer signs in and looks at their order, twice.
    fn customers_buy(&self, turn: u32) -> Result<()> {
        for at in 0..CUSTOMERS {
            let customer = OidcProvider::customer(self.pick(at + turn * CUSTOMERS));
            let token = self.servers.provider.token(&customer, &OidcProvider::password(&customer))?;
            let token = token.context("a customer gets no token")?;
            for path in ["/api/me", "/api/orders"] {
                ensure!(self.servers.gateway.get(path, &token)?.status == 200, "a customer is refused");
            }
        }
        Ok(())
    }

    /// The nightly job, with a role, a client and a token of its own.
    fn batch_runs(&self) -> Result<()> {
        let servers = self.servers;
        let count = servers.postgres.ask("reports", &password("reports"), "select count(*) from orders;")?.text()?;
        ensure!(count.contains("200"), "the report counts {count}");
        let token = servers.provider.batch_token()?.context("the batch gets no token")?;
        ensure!(servers.gateway.get("/api/orders", &token)?.status == 200, "the batch is refused");
        Ok(())
    }

    /// A token that nobody issued, signed with the key that bob read, by openssl and curl.
    fn forge(&mut self, subject: &str) -> Result<()> {
        let now = Timestamp::now().as_second();
        let encoded = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let header = encoded(json!({ "alg": "RS256", "typ": "at+jwt", "kid": OidcProvider::KEY_ID }));
        let claims = encoded(json!({
            "iss": OidcProvider::ISSUER, "aud": OidcProvider::AUDIENCE, "sub": subject, "client_id": "shop",
            "jti": format!("f-{now}-{}", self.forged.len()), "iat": now, "exp": now + 600, "scope": "orders",
        }));
        let signed = format!("{header}.{claims}");
        let signature = self.sign(&signed)?;
        let token = format!("{signed}.{signature}");
        let answer = self.servers.gateway.curl("/api/me", &token)?;
        ensure!(answer.status == 200, "the gateway refuses what the key signed: {}", answer.body);
        self.forged.push(subject.to_owned());
        Ok(())
    }

    fn sign(&self, text: &str) -> Result<String> {
        let folder = tempfile::tempdir().context("no folder")?;
        let (key, data) = (folder.path().join("key.pem"), folder.path().join("signed"));
        std::fs::write(&key, &self.key).with_context(|| format!("what bob read at {KEY_PATH}"))?;
        std::fs::write(&data, text).context("cannot write what is signed")?;
        let signature = folder.path().join("signature");
        let mut command = client::client("openssl")?;
        command.args(["dgst", "-sha256", "-sign"]).arg(&key).arg("-out").arg(&signature).arg(&data);
        client::run(&mut command, "")?.text()?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(std::fs::read(signature).context("no signature")?))
    }

    /// A customer, by the seed: the same for the same turn.
    fn pick(&self, turn: u32) -> u32 {
        let mixed =
            (self.seed ^ u64::from(turn).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd1b5_4a32_d192_ed03);
        (mixed >> 40) as u32 % OidcProvider::CUSTOMERS
    }
}
