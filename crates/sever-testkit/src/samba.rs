//! A real Active Directory: Debian's samba as a domain controller, with its JSON audit log.
//!
//! Its ports are fixed, so that it gets an address of 127.0.0.0/8 of the process's own (one
//! at a time in a process); ports
//! below 1024 and its file attributes need root. What it serves is what a directory needs, and neither
//! files nor names. Provisioning takes some seconds.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::client::{self, Done};
use crate::server::{self, Server, program_or_skip};

/// A running domain controller of `shop.example`.
pub struct SambaAdDc {
    server: Server,
    address: Ipv4Addr,
}

/// The password of a domain that lives for one test, on loopback; it has to please its policy.
const ADMINISTRATOR_PASSWORD: &str = "Administrator-0f-a-test";

/// The `…_json_audit` classes are what the format `samba-audit` tells to turn on.
const CONFIGURATION: &str = "\
[global]
	netbios name = DC1
	realm = SHOP.EXAMPLE
	workgroup = SHOP
	server role = active directory domain controller
	server services = ldap, cldap, kdc, rpc, winbindd
	interfaces = ADDRESS/8
	bind interfaces only = Yes
	binddns dir = FOLDER/dc/bind-dns
	cache directory = FOLDER/dc/cache
	lock directory = FOLDER/dc
	private dir = FOLDER/dc/private
	state directory = FOLDER/dc/state
	pid directory = FOLDER/run
	ncalrpc dir = FOLDER/ncalrpc
	log file = FOLDER/samba.log
	logging = file
	max log size = 0
	log level = 1 auth_json_audit:3@FOLDER/audit.json dsdb_json_audit:5@FOLDER/audit.json \
dsdb_password_json_audit:5@FOLDER/audit.json dsdb_group_json_audit:5@FOLDER/audit.json
	ldap server require strong auth = allow_sasl_over_tls
	tls enabled = yes
	tls keyfile = FOLDER/dc/private/key.pem
	tls certfile = FOLDER/dc/private/cert.pem
	tls cafile =
";

impl SambaAdDc {
    /// Below what everything is.
    pub const BASE: &'static str = "DC=shop,DC=example";
    /// Who may do everything.
    pub const ADMINISTRATOR: &'static str = "administrator@shop.example";

    /// Starts one; `None`, and a reported skip, where it is not installed or we are not root.
    ///
    /// # Errors
    /// When it is installed and does not come up.
    pub fn start() -> Result<Option<SambaAdDc>> {
        let Some(samba) = program_or_skip("samba-ad-dc", "samba") else { return Ok(None) };
        for name in ["samba-tool", "ldapsearch", "openssl"] {
            if program_or_skip("samba-ad-dc", name).is_none() {
                return Ok(None);
            }
        }
        if !crate::server::is_root() {
            crate::skip("samba-ad-dc", "its ports and file attributes need root");
            return Ok(None);
        }
        let folder = server::temporary("samba")?;
        let address = own_address();
        provision(folder.path(), address)?;
        let mut command = Command::new(samba);
        command.args(["--foreground", "--no-process-group", "--model=single"]);
        command.arg("--configfile").arg(folder.path().join("smb.conf"));
        let port = SocketAddr::new(IpAddr::V4(address), 636);
        let server = Server::start_at("samba", folder, port, command)?;
        let samba = SambaAdDc { server, address };
        crate::wait_until("samba to know its administrator", || {
            let found = samba.manage("ldapsearch", &["-LLL", "-b", SambaAdDc::BASE, "-s", "base", "dn"], "")?;
            Ok(found.success.then_some(()))
        })?;
        Ok(Some(samba))
    }

    /// The distinguished name of somebody or something among its users.
    pub fn named(name: &str) -> String {
        format!("CN={name},CN=Users,{}", SambaAdDc::BASE)
    }

    /// A password as its LDAP takes it: `unicodePwd:: …` of LDIF.
    pub fn unicode_password(password: &str) -> String {
        let bytes: Vec<u8> = format!("\"{password}\"").encode_utf16().flat_map(u16::to_le_bytes).collect();
        format!("unicodePwd:: {}", BASE64_STANDARD.encode(bytes))
    }

    /// Runs one of OpenLDAP's clients over TLS, bound as somebody: `bob@shop.example`.
    ///
    /// # Errors
    /// When the client cannot be run; that the server refuses is in what is done.
    pub fn ask(&self, client: &str, bind: (&str, &str), words: &[&str], stdin: &str) -> Result<Done> {
        let (name, password) = bind;
        let mut command = client::client(client)?;
        // Its certificate is one that it made for itself.
        command.env("LDAPTLS_REQCERT", "never");
        command.args(["-x", "-H"]).arg(format!("ldaps://{}", self.address));
        command.args(["-D", name, "-w", password]).args(words);
        client::run(&mut command, stdin)
    }

    /// The same as its administrator.
    ///
    /// # Errors
    /// When the client cannot be run.
    pub fn manage(&self, client: &str, words: &[&str], stdin: &str) -> Result<Done> {
        self.ask(client, (SambaAdDc::ADMINISTRATOR, ADMINISTRATOR_PASSWORD), words, stdin)
    }

    /// Where it is, for clients of our own.
    pub fn url(&self) -> String {
        format!("ldaps://{}", self.address)
    }

    /// The certificate that clients trust it by.
    pub fn ca(&self) -> PathBuf {
        self.server.folder().join("dc/private/cert.pem")
    }

    /// The administrator's name and password.
    pub fn administrator() -> (&'static str, &'static str) {
        (SambaAdDc::ADMINISTRATOR, ADMINISTRATOR_PASSWORD)
    }

    /// Makes a user among its users, who signs in as `NAME@shop.example`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn add_user(&self, name: &str, password: &str) -> Result<()> {
        let entry = format!(
            "dn: {}\nchangetype: add\nobjectClass: user\nsAMAccountName: {name}\n\
             userPrincipalName: {name}@shop.example\nuserAccountControl: 512\n{}\n",
            SambaAdDc::named(name),
            SambaAdDc::unicode_password(password)
        );
        self.manage("ldapmodify", &[], &entry)?.text()?;
        Ok(())
    }

    /// Gives a user one right on everything below its users: `{}` of the SDDL is where the user's SID
    /// goes.
    ///
    /// # Errors
    /// When it cannot be given.
    pub fn delegate(&self, name: &str, sddl: &str) -> Result<()> {
        let mut show = client::client("samba-tool")?;
        show.args(["user", "show", name, "--attributes=objectSid"]).arg(self.configuration());
        let shown = client::run(&mut show, "")?.text()?;
        let sid = shown.lines().find_map(|line| line.strip_prefix("objectSid: ")).context("no SID")?;
        let mut set = client::client("samba-tool")?;
        set.args(["dsacl", "set", &format!("--objectdn=CN=Users,{}", SambaAdDc::BASE)]);
        set.arg(format!("--sddl={}", sddl.replace("{}", sid.trim()))).arg(self.configuration());
        client::run(&mut set, "")?.text().context("samba-tool dsacl set")?;
        Ok(())
    }

    fn configuration(&self) -> String {
        format!("--configfile={}", self.server.folder().join("smb.conf").display())
    }

    /// Its audit log, as it is now.
    ///
    /// # Errors
    /// When there is none.
    pub fn audit_log(&self) -> Result<String> {
        self.server.file("audit.json")
    }

    /// The export that the page of the source `ldif` tells to make, of its users and groups.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn export(&self) -> Result<String> {
        // A controller answers a search of the whole domain with referrals, which are no entries.
        let users = format!("CN=Users,{}", SambaAdDc::BASE);
        self.manage("ldapsearch", &["-LLL", "-E", "pr=500/noprompt", "-b", &users, "*", "+"], "")?.text()
    }
}

/// Makes the domain in its folder.
fn provision(folder: &Path, address: Ipv4Addr) -> Result<()> {
    for name in ["run", "ncalrpc"] {
        std::fs::create_dir(folder.join(name)).context("cannot make its folders")?;
    }
    let folder_text = folder.to_str().context("a folder that is not UTF-8")?;
    let text = CONFIGURATION.replace("FOLDER", folder_text).replace("ADDRESS", &address.to_string());
    std::fs::write(folder.join("smb.conf"), text).context("cannot write its configuration")?;
    let mut command = client::client("samba-tool")?;
    // An empty configuration, so that nothing of the machine's own is taken over.
    command.args(["domain", "provision", "--configfile=/dev/null", "--realm=SHOP.EXAMPLE", "--domain=SHOP"]);
    command.args(["--server-role=dc", "--dns-backend=NONE", "--use-rfc2307", "--host-name=dc1"]);
    command.arg(format!("--adminpass={ADMINISTRATOR_PASSWORD}")).arg(format!("--host-ip={address}"));
    command.arg("--targetdir").arg(folder.join("dc"));
    client::run(&mut command, "")?.text().context("samba-tool domain provision")?;
    let (key, certificate) = (folder.join("dc/private/key.pem"), folder.join("dc/private/cert.pem"));
    client::self_signed(&key, &certificate, "dc1.shop.example", &address.to_string())
}

/// An address that no other test process has: of its process id, which has 22 bits.
fn own_address() -> Ipv4Addr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 + (high & 0x3f), middle, low)
}
