"""Configuration with secrets: in whatever way programs write them, they stay at the host."""

from __future__ import annotations

import re

import pytest

from mailproof.hiding.names import HIDDEN
from mailproof.hiding.texts import Form, without_secrets

SECRETS = {
    "haproxy.cfg": r"""
  stats auth admin:HUNTERha1
userlist u
  user a insecure-password HUNTERha2
  user b password $6$HUNTERha3
frontend f
  http-request set-header Authorization Basic\ HUNTERha4
  http-request add-header X-Api-Key HUNTERha5
backend b
  tcp-check send AUTH\ HUNTERha6\r\n
  http-request replace-header Authorization .* "HUNTERha7"
  acl a req.hdr(Authorization) -m str "HUNTERha8"
  stats auth a:"b HUNTERha9"
  acl b urlp(token) -m str HUNTERha10
  acl c url_param(token) HUNTERha11
  acl d req.cook(session_token) -m str HUNTERha12
  http-request deny unless { req.hdr(X-From-Edge) -m str HUNTERha13 }
  http-request deny unless { req.hdr(X-From-Edge),lower -m str HUNTERha31 }
  http-request deny unless { req.body_param(code) HUNTERha32 } or { http_auth_bearer -m str HUNTERha33 }
  acl e hdr(host) -m str a.example { hdr(x-a) HUNTERha14 }
  http-request set-var(txn.edge) str(HUNTERha15)
  acl f var(txn.edge) -m str HUNTERha16
  option httpchk GET /health HTTP/1.1\r\nX-Probe:\ HUNTERha17
  option httpchk GET /health?k=HUNTERha18
  acl g query -m str HUNTERha19
  acl h url_sub k=HUNTERha20
  acl i url -m sub k=HUNTERha21
  acl j req.body -m sub HUNTERha22
  acl k http_auth_pass HUNTERha23
  acl l str(HUNTERha24),strcmp(txn.k) eq 0
  acl m req.body,hmac(sha256,HUNTERha25),hex -m str x
  http-request deny unless { query -m sub HUNTERha26 }
  http-request set-query k=HUNTERha27
  http-request set-path /x?k=HUNTERha28
  http-request redirect location https://a.example/?k=HUNTERha29
  http-request lua.check HUNTERha30
  http-check send meth GET uri /h hdr X-K HUNTERha34 body HUNTERha35
  lua-load-per-thread /etc/haproxy/x.lua HUNTERha36
  http-request set-header X-A %[str(HUNTERha37)]
  http-request set-var-fmt(txn.a) %[var(txn.a),concat(HUNTERha38)]
  set-var proc.tok str(HUNTERha39)
  set-var-fmt proc.tok "HUNTERha40"
  acl n req.hdr("X-Foo") -m str HUNTERha41
  set-param DB_PASS str(HUNTERha42)
  set-param DB_LOGIN str(HUNTERha43)
""",
    "keepalived.conf": """
$SHARED=HUNTERka4
vrrp_instance a {
  authentication {
    auth_type PASS
    auth_pass HUNTERka1
    misc_path "redis-cli -a HUNTERka2 ping"
    path /h?k=HUNTERka3
  }
}
$OTHER=\
  HUNTERka5
$INSTANCE= \
vrrp_instance b { \
  authentication { \
    auth_type PASS \
    auth_pass HUNTERka6 \
  } \
  authentication { auth_pass \
    HUNTERka7 } \
}
@main $MAIN=HUNTERka8
$BACK=\\\r
  HUNTERka9\r
script "/x HUNTERka10"
notify /x HUNTERka11
quorum_up "/x HUNTERka12"
script "bash -c HUNTERka13"
""",
    "squid.conf": """
cachemgr_passwd HUNTERsq1 all
acl a req_header X-Api-Key HUNTERsq4
acl b rep_header X-Api-Key HUNTERsq5
cache_peer proxy.example parent 3128 0 no-query login=user:HUNTERsq2 default
auth_param basic program /usr/lib/squid/basic_ldap_auth -b dc=x -D cn=y -w HUNTERsq3 -f uid=%s ldap.example
url_rewrite_program /usr/lib/squid/rewrite --key HUNTERsq6
store_id_program /usr/lib/squid/store HUNTERsq7
redirect_program /usr/lib/squid/redirect HUNTERsq8
logfile_daemon /usr/lib/squid/log HUNTERsq9
request_header_add X-A HUNTERsq10 all
note door HUNTERsq11
adaptation_meta X-A HUNTERsq12 all
""",
    "nut": """
MONITOR ups@localhost 1 monitor HUNTERnu1 master
MONITOR "ups@other" 1 monitor "HUNTERnu2 long" slave
CERTIDENT "my name" "HUNTERnu3"
[admin]
  password = HUNTERnu4
[snmp]
  community = HUNTERnu5
  authPassword = HUNTERnu6
""",
    "nginx.conf": """
proxy_set_header Authorization "Basic HUNTERng1";
proxy_set_header X-Api-Key HUNTERng2;
fastcgi_param DB_PASSWORD "HUNTERng3";
secure_link_secret HUNTERng4;
ssl_password_file /etc/keys/passwords;
proxy_pass https://user:HUNTERng5@upstream.example;
proxy_set_header Cookie "a=b; s=HUNTERng6";
add_header Set-Cookie "sid=HUNTERng7";
map $http_authorization $known { "Bearer HUNTERng8" 1; default 0; }
access_by_lua_block {
    if #keys == 0 then keys = { "HUNTERng90" } end -- don't {
    local page = [[ } HUNTERng91 ]] local k = "} HUNTERng92"
}
"Bearer HUNTERng88" 1;
HUNTERng93 1;
hunter_HUNTERng94 backend1;
auth_http_header X-Door HUNTERng95;
env DOOR=HUNTERng96;
more_set_input_headers X-Door:HUNTERng97;
more_set_headers -s '404' "X-Door: HUNTERng98";
push rtmp://host/app/HUNTERng99;
if ($request_uri ~ "HUNTERng100") { return 301 https://a.example/; }
"~*^Bearer HUNTERng89" 1;
map "$http_x_edge:$arg_a" $x {
    "~^HUNTERng9:b$" 1; # HUNTERng10
    'HUNTERng11 long' '';
}
map $host $upstream_login { default "u:HUNTERng12"; }
geo $magic { 192.0.2.0/24 HUNTERng13; }
if ($http_x_edge = "HUNTERng14") { return 403; }
if ("$arg_a$cookie_b" !~ "HUNTERng15") { return 403; }
set $magic "HUNTERng16";
fastcgi_param HTTP_X_EDGE HUNTERng17;
proxy_set_header X-From-Edge HUNTERng18;
proxy_set_body "user=a&k=HUNTERng19";
content_by_lua 'ngx.say("HUNTERng22")';
content_by_lua "ngx.say('HUNTERng23')";
set_by_lua $x 'return "HUNTERng24"';
init_by_lua '
  key = "HUNTERng25"
';
perl_set $x 'sub { return "HUNTERng26"; }';
if ($args ~ k=HUNTERng27) { return 403; }
if ($is_args$args = "?HUNTERng28") { return 403; }
if ($request ~ "HUNTERng29") { return 403; }
if ($request_uri ~ "k=HUNTERng30") { return 403; }
if ($request_body ~ HUNTERng31) { return 403; }
if ($remote_user != HUNTERng32) { return 403; }
proxy_pass http://127.0.0.1/?k=HUNTERng33;
more_set_headers "Server: x" "X-Key: HUNTERng34";
add_trailer X-Key HUNTERng35;
set_hmac_sha1 $sum HUNTERng36 $uri;
redis2_query auth HUNTERng37;
access_by_lua_block { if ngx.var.http_x ~= "HUNTERng20" then local a = { "HUNTERng21" }; ngx.exit(403) end }
""",
    "apache2.conf": """
AuthLDAPBindPassword HUNTERap1
AuthLDAPBindPassword "HUNTERap2 long"
DBDParams "host=localhost user=u pass=HUNTERap3"
RequestHeader set Authorization HUNTERap4
RequestHeader set X-Token "HUNTERap5"
SetEnv DB_PASSWORD HUNTERap6
ProxyPass "/" "http://u:HUNTERap7@upstream.example/"
Define DBPASS HUNTERap8
RequestHeader edit Authorization ^ HUNTERap9
RewriteCond %{HTTP:Authorization} !^HUNTERap10$
Require expr "%{HTTP:X-Key} == 'HUNTERap11'"
AuthBasicFake u HUNTERap12
SetEnvIf Authorization "^Bearer HUNTERap13$" known
RequestHeader set X-Key \\
  "HUNTERap31"
Require expr "%{HTTP:X-Key} == \\
  'HUNTERap32'"
SetEnvIfNoCase X-From-Edge HUNTERap14 known=1
SetEnvIfExpr "req('X-From-Edge') == 'HUNTERap15'" known
Require expr req('X-From-Edge') -strmatch 'HUNTERap16'
<If "%{HTTP:X-From-Edge} != 'HUNTERap17'">
<If "%{HTTP_X_FROM_EDGE} != 'HUNTERap18'">
RewriteCond %{QUERY_STRING} !^k=HUNTERap19$
RequestHeader set X-From-Edge HUNTERap20
Header always set X-Edge "HUNTERap21"
SetEnv EDGE HUNTERap22
Require expr "'HUNTERap23' == %{HTTP:X-Key}"
Require expr "'HUNTERap24' -in split s/,/ /, %{HTTP:X-Key}"
<ElseIf "'HUNTERap25' == req('X-From-Edge')">
SetEnvIf Request_URI "k=HUNTERap26" known
SetEnvIf ^X-From-Edge HUNTERap27 known
RewriteCond expr "'HUNTERap28' == %{QUERY_STRING}"
RewriteCond %{REQUEST_URI} k=HUNTERap29
RewriteRule ^/a$ /b?k=HUNTERap30 [P]
RewriteRule ^ - [L,E=EDGE:HUNTERap33]
ProxyPass /x http://127.0.0.1/?k=HUNTERap34
RequestHeader set X-Key \\\r
  "HUNTERap35"\r
PerlSetVar Door HUNTERap36
PerlSetEnv Door HUNTERap37
FcgidInitialEnv Door HUNTERap38
FastCgiServer /x -processes 2 -initial-env Door=HUNTERap39
ProxyFCGISetEnvIf "reqenv('X') == 'y'" DOOR HUNTERap40
MDExternalAccountBinding kid HUNTERap41
AddRadiusAuth localhost:1812 HUNTERap42 5
AuthRadiusAddServer localhost:1812 HUNTERap43
LDAPTrustedClientCert CERT_BASE64 /x HUNTERap44
SecHttpBlKey HUNTERap45
SecRemoteRules HUNTERap46 https://a.example/
SecRule REQUEST_HEADERS:X-K "@streq HUNTERap47" "id:1"
Use Door HUNTERap48
RewriteRule ^ - "[L, E=DOOR:HUNTERap49]"
BrowserMatch HUNTERap50 known
SetEnvIf Request_URI HUNTERap51 known
""",
    "pdns.conf": """
api-key=HUNTERpd1
gmysql-password=HUNTERpd2
webserver-password=HUNTERpd3
remote-connection-string=http:url=http://x/HUNTERpd4
""",
    "knot.conf": """
key:
  - id: transfer
    algorithm: hmac-sha256
    secret: HUNTERkn1
""",
    "postconf -n": r"""
smtp_sasl_password_maps = static:user:HUNTERpw1
smtp_sasl_password_maps = inline:{{[smtp.example.org]:587=user:HUNTERpw2}}
virtual_mailbox_maps = mysql:/etc/postfix/mysql.cf
virtual_alias_maps = pgsql:postgres://u:HUNTERpw3@db/x
relayhost_auth = user:HUNTERpw4
ldap_bind_pw = HUNTERpw5
virtual_maps_bind_pw = HUNTERpw6
mysql_password = HUNTERpw7
smtpd_milters = inet:localhost:8891
my_pass = HUNTERpw8
db_pwd = HUNTERpw9
import_environment = MAIL_CONFIG=/x TOKEN=HUNTERpw10 DB_PASS=HUNTERpw11
smtp_tls_chain_files = /etc/x
password = /HUNTERpw12slash
password = $HUNTERpw13dollar
password = {PLAIN}HUNTERpw14
password = yes-HUNTERpw15
password = none,HUNTERpw16
password = no HUNTERpw16b
smtp_sasl_password = two words HUNTERpw17
password = "quoted \" HUNTERpw18"
password = a,HUNTERpw19
password = a;HUNTERpw20
smtp_sasl_password_maps =
    static:user:HUNTERpw21
    static:user:HUNTERpw22
transport_maps = inline:{ x=smtp:[h]:25 }
smtp_sasl_password_maps = texthash:/x, static:{user:HUNTERpw23}
""",
    "exim -bP": r"""
hide mysql_servers = localhost/db/user/HUNTERex1
hide pgsql_servers = localhost/db/user/HUNTERex2 : (/var/run)/db/user/HUNTERex3
hide ldap_default_servers = ldap.example
hide sqlite_dbfile = /x
mysql_servers = <value not displayable>
client_send = : user : HUNTERex4
redis_servers = 127.0.0.1/0/HUNTERex5
mysql_servers = a/b/c/HUNTERex6:\
   d/e/f/HUNTERex7
server_secret = HUNTERex8
client_secret = HUNTERex9
tls_privatekey = /etc/x.key
dkim_private_key = /etc/x
dkim_private_key = -----BEGIN RSA PRIVATE KEY-----\n\
  HUNTERex10
  -----END RSA PRIVATE KEY-----
public_name = LOGIN
server_condition = ${if eq{$auth2}{HUNTERex11}}
server_condition = ${if and {{eq{$auth1}{user}}{eq{$auth2}{HUNTERex12}}}}
acl_smtp_data = ldap_pass
data = ${lookup ldap{user="cn=admin,dc=x" pass=HUNTERex13 ldap:///dc=x?mail?sub?}}
data = ${lookup ldap{user=cn=admin pass="HUNTERex14" ldap://x}}
data = ${lookup mysql{servers=h/d/u/HUNTERex15; select x}}
spamd_address = 127.0.0.1 783
hide spamd_address = 127.0.0.1 \
  # between
  HUNTERex16
accept condition = ${if eq{HUNTERex17}{$h_X-K:}}
deny !condition = ${if eq {HUNTERex18} {${lc:$rheader_X-K:}}}
condition = ${if eq{HUNTERex19}{$auth2}}
condition = ${if inlist{HUNTERex20}{$h_X-K:}}
condition = ${if forany{HUNTERex21:x}{eq{$item}{$h_X-K:}}}
condition = ${if eq{${if eq{$h_X-K:}{HUNTERex22}{a}{b}}}{a}}
condition = ${if eq{${sg{$h_X-K:}{ }{}}}{HUNTERex23}}
warn add_header = X-K: HUNTERex24
warn add_header = :after_received:X-K: HUNTERex25
warn message = X-K: HUNTERex26
headers_add = "X-Spam-Flag: yes\nX-K: HUNTERex27"
headers_add = ${if eq{$h_X:}{}{X-K: HUNTERex28}}
headers_add = Precedence: bulk\n\
  X-K: HUNTERex29
condition = ${if eq{$h_X-K:}\
  # between
  {HUNTERex30\
  HUNTERex31}}
condition = ${run{/usr/local/bin/check \
  HUNTERex32}{yes}{no}}
set acl_m1 = ${hmac{md5}\
  {HUN\
  HUNTERex33}{$x}}
""",
    "doveconf -n": r"""
passdb {
  args = /etc/dovecot/dovecot-sql.conf.ext
  driver = sql
}
passdb {
  args = password=HUNTERdo1
  driver = static
}
passdb {
  args = nopassword=y pass=HUNTERdo2
}
passdb {
  args = proxy=y host=h pass=HUNTERdo3
  driver = static
}
passdb {
  default_fields = pass=HUNTERdo4
}
connect = host=localhost dbname=mail user=u password=HUNTERdo5
connect = host=localhost dbname=mail user=u password='HUNTERdo6 x'
auth_master_user_separator = *
doveadm_password = HUNTERdo7
doveadm_api_key = HUNTERdo8
imapc_password = HUNTERdo9
imapc_master_user = x
ssl_key = <hidden, use -P to show it>
ssl_key_password = HUNTERdo10
ssl_key = -----BEGIN PRIVATE KEY-----
HUNTERdo11
-----END PRIVATE KEY-----
dnpass = HUNTERdo12
ldap_auth_dn_password = HUNTERdo13
dict {
  quota = mysql:/etc/x
  q2 = redis:host=1:prefix=x/:password=HUNTERdo14
}
solr_url = http://user:HUNTERdo15@host/
plugin {
  push_notification_driver = ox:url=http://user:HUNTER@do16@host/
  fts_solr = url=https://:HUNTERdo17@host/
  mail_crypt_global_private_key = HUNTERdo18
  mail_crypt_private_password = HUNTERdo19
}
static_password = HUNTERdo20
passdb_static_password = "HUNTERdo21 with space"
sql mysql {
  mysql h {
    password = # HUNTERdo22
  }
}
master_password_hash = {SSHA}HUNTERdo23
doveadm_password = $ecretHUNTERdo24
doveadm_password = /HUNTERdo25
submission_relay_password = nos3-HUNTERdo26
auth_policy_server_api_header = X-From: HUNTERdo27
auth_policy_hash_nonce = HUNTERdo28
""",
    "named-checkconf -p": r"""
key "rndc-key" {
    algorithm "hmac-sha256";
    secret "HUNTERna1==";
};
key "x" { algorithm hmac-md5; secret HUNTERna2==; };
key "y" {
    secret
      "HUNTERna3==";
};
zone "x" { masters { 192.0.2.1 key "S3name"; }; };
dlz "ldap" { database "ldap 2 v3 simple {cn=Manager,o=x} {HUNTERna4} {127.0.0.1} ldap:///"; };
dlz "mysql" { database "mysql
   {host=localhost dbname=x user=u pass=HUNTERna5}"; };
dyndb "ipa" "/x" { password "HUNTERna6"; sasl_password "HUNTERna7"; };
pkcs11-pin HUNTERna8;
""",
    "nft": r"""
comment "password: HUNTERnf1"
""",
    "netplan": """
network:
  wifis:
    w0:
      access-points:
        "a":
          password: "HUNTERne1"
        b: {auth: {key-management: eap, password: HUNTERne2}}
  tunnels:
    wg0:
      key: HUNTERHUNTERHUNTERHUNTERHUNTERHUNTERHUNTERA=
      peers:
        - keys: {public: x, shared: HUNTERHUNTERHUNTERHUNTERHUNTERHUNTERHUNTERA=}
    w1: {access-points: {"a": {auth: {password: "HUNTER, ne3", ca: /x}}}, mtu: 1400}
    w2: {"password":"HUNTERne4", sae-password: 'HUNTER''ne5', token: !!str "x \\" HUNTERne6"}
    w3: {
      password: HUNTERne7, access-points: {a: {password: HUNTER ne8,
    w4: {password: HUNTERne9
  }}}}
  w5:
    password: HUNTERne10 {
    secret: x, HUNTERne11}
    password: |
      HUNTERne12
""",
    "networkd": """
[WireGuard]
PrivateKey=/UNTERHUNTERHUNTERHUNTERHUNTERHUNTERHUNTERA=
[WireGuardPeer]
PresharedKey=HUNTERnw1
""",
    "networkmanager": """
[wifi-security]
psk=HUNTERnm1
wep-key0=HUNTERnm2
[802-1x]
password=HUNTERnm3
private-key-password=HUNTERnm4
[wireguard]
private-key=HUNTERnm5
[wireguard-peer.x]
preshared-key=HUNTERnm6
[vpn-secrets]
Xauth password=HUNTERnm7
cert-pass=HUNTERnm8
[gsm]
pin=HUNTERnm9
""",
    "interfaces": """
iface w0 inet dhcp
    wpa-psk HUNTERif1
    wireless-key1 s:HUNTERif2
""",
    "smtpd -n / unbound / nsd": r"""
control-key-file: x
secret: "HUNTERun1"
secret: HUNTERun2
    secret:   'HUNTERun3'
redis-server-password: "HUNTERun4"
tls-session-ticket-keys: x
ssl-service-key: /x
table creds { label=user:HUNTERsm1 }
match auth from any
table secrets { relay = "user:HUNTERsm2" }
action relay host smtp+tls://label:HUNTERsm3@h auth <secrets>
dnscrypt-secret-key: HUNTERun5
""",
    "postconf -M": r"""
smtp unix - - n - - smtp -o smtp_sasl_password_maps=static:u:HUNTERma1
submission inet n - n - - smtpd -o x=y --password HUNTERma2 --token=HUNTERma3
filter unix - n n - - pipe flags=R user=f argv=/x -p HUNTERma4
""",
}
"""By the program that says it; each secret has HUNTER in it."""

OTHERS = (
    "action = dshield[userid=1, authkey=HUNTER]",
    "action = telegram[bot=123:HUNTER]",
    'action = slack[webhook="https://hooks.slack.com/services/T0/B0/HUNTER"]',
    "smtp_sasl_password_maps = inline:{\n  {a = u:HUNTER}\n  {b = v:HUNTER}\n}\n",
    '"password": "HUNTER"',
    "PASSWORD:HUNTER",
    'import_environment=X="PASSWORD=HUNTER"',
    'dlz "x" {\n\tdatabase "mysql\n\t{host=x user=u pwd=HUNTER}\n\t{select}";\n};',
    'key x {\n\talgorithm a;\n\tsecret "x\nHUNTER";\n};\n',
    "password =\\\nHUNTER",
    "client_send = : user : \\\n  HUNTER",
    "password = no\n  HUNTER",
    "password = <HUNTER>",
    "nopassword=y\n   pass=HUNTER",
    "  command = /usr/bin/x HUNTER",
    '  command = "/usr/bin/x -k HUNTER"',
    "  command = /usr/bin/x \\\n    HUNTER \\\n    -a",
    "  environment = FOO=HUNTER",
    "add_environment = FOO=HUNTER : BAR=HUNTER",
    "auth_policy_server_url = http://127.0.0.1:4001/?k=HUNTER",
    "x unix - n n - - pipe flags=R argv=/x -k HUNTER",
    "header_checks = pcre:{ {/^To:/ PREPEND X-Foo: HUNTER} }",
    "action = x[key=HUNTER, user=HUNTER]",
    '   %(mta)s-whois[name=a, door="HUNTER"]',
    "password:\n  HUNTER",
    "begin authenticators\nx_auth:\n  client_secret = HUNTER\n",
    "smtp-auth unix - - n - - smtp -o smtp_sasl_password_maps=static:u:HUNTER",
    "http_headers = Authorization: Basic HUNTER",
    "url = http://h/?key=HUNTER",
    "url = https://h/?access_token=HUNTER",
    "argv=/x --pass HUNTER",
    "argv=/x -pHUNTER",
    "argv=ldapsearch -w HUNTER",
    "-o { smtp_sasl_password_maps = static:u:HUNTER }",
    "smtp_sasl_password_maps = $x, static:u:HUNTER",
    "$my_password = HUNTER",
    "ldap://u:HU/NTER@HUNTER@host/x",
    "return_path = ${srs_encode {HUNTER} {$return_path} {$original_domain}}",
    "condition = ${if inbound_srs {$local_part} {HUNTER}}",
    "return_path = ${prvs{$return_path}{HUNTER}}",
    "set acl_m1 = ${hmac{sha1}{HUNTER}{$x}}",
    "set acl_m1 = ${hmac{${lc:x}} {HUNTER",
    "condition = ${if crypteq{$auth2}{HUNTER}}",
    "condition = ${if eq{$auth2}{HUNTER}}",
    "condition = ${if and{{eq {$auth1}{user}}{eqi{${auth3}} {HUNTER}}}}",
    "set acl_m1 = ${readsocket{inet:127.0.0.1:1}{AUTH HUNTER}}",
    "set acl_m1 = ${readsocket{/run/x} {HUNTER",
    "condition = ${run{/usr/local/bin/check $auth2 HUNTER}{yes}{no}}",
    "condition = ${run,preexpand {/usr/local/bin/check ${lc:$auth2} HUNTER}{yes}{no}}",
    "condition = ${run{/usr/local/bin/check HUNTER",
    "condition = ${if eq{$h_X-From-Edge:}{HUNTER}}",
    "condition = ${if and{{match{${lc:$header_x-from-edge:}}{HUNTER}}{eq{$acl_m_token}{HUNTER}}}}",
    "api_tokens = HUNTER",
    "SRS_SECRET = HUNTER\ndata = ${x{HUNTER}}",
    "SRS_SECRETS = HUNTER:HUNTER1\ndata = HUNTER:HUNTER1",
    "X = a\nX == HUNTER\nclient_send = :u:X",
    "  X = HUNTER\nclient_send = :u:X",
    "X = ab\\\n  HUNTER\nclient_send = :u:X",
    "X = HUNTER1\nclient_send = :u:HUNTER1\ndata = HUNTER1",
    "PW2 = HUNTER",
    "command = /usr/bin/mysql -pHUNTER db",
    "command = /usr/bin/curl -u a:HUNTER h",
    "command = /usr/bin/curl -ua:HUNTER h",
    "relay unix - n n - - pipe flags=R user=x argv=/usr/bin/curl -u a:HUNTER h",
    "relay unix - n n - - pipe flags=R user=x argv=/usr/bin/curl -H X-Key:HUNTER h",
    "contact.m.command ssh user@h -- notify --user a:HUNTER",
    "command = /usr/bin/wget --header 'Cookie: HUNTER' x",
    "contact.s.command /usr/bin/notify https://hooks.slack.com/services/T0/B0/HUNTER",
    "srs_config = HUNTER:60:6",
    'setKey("HUNTER")',
    "dkim_private_key = MIIEvHUNTER\nMIIEvHUNTER1\nHUNTER1==\n",
)

KEPT = (
    "  stats uri /stats",
    "  tcp-check expect string 220",
    "cache_peer proxy.example parent 3128 0 no-query login=PASS",
    "acl auth_users proxy_auth REQUIRED",
    "  auth_type PASS",
    "ServerTokens Prod",
    "server_tokens build;",
    "fts_tokenizers = generic email-address",
    "condition = ${if eq{$h_Precedence:}{first-class}}",
    "condition = ${if eq{$h_X-Mark:}{no}}",
    "proxy_set_header Host $host;",
    "ssl_certificate_key /etc/ssl/private/a.key;",
    "SSLCertificateKeyFile /etc/ssl/private/a.key",
    "server-key-file: /etc/unbound/unbound_server.key",
    "MINSUPPLIES 1",
    "MONITOR ups@localhost 1 <hidden>",
    "condition = ${if eq{$local_part}{postmaster}}",
    "condition = ${run{/usr/local/bin/check}{yes}{no}}",
    "ssl_key = </etc/ssl/private/key.pem",
    "smtpd_banner = $myhostname ESMTP",
    "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd",
    "smtp_sasl_password_maps = proxy:mysql:/etc/postfix/sasl.cf, $other_maps",
    "smtp_sasl_password_maps =\n    hash:/etc/a\n    hash:/etc/b\nmydomain = example.org",
    "local_recipient_maps = proxy:unix:passwd.byname $alias_maps",
    "smtpd_tls_key_file = /etc/ssl/private/key.pem",
    "tls_privatekey = /etc/exim/key.pem",
    "disable_plaintext_auth = yes",
    "auth_verbose_passwords = no",
    "smtpd     pass  -       -       y       -       -       smtpd\n    -o smtpd_sasl_auth_enable=yes",
    "passdb {\n  driver = passwd-file\n}",
    "  command = /usr/lib/dovecot/deliver -d $local_part@$domain -f $sender_address",
    "x unix - n n - - pipe flags=R user=v argv=/usr/lib/dovecot/deliver -f ${sender} -d ${user}@${nexthop}",
    "header_checks = pcre:{ {/^To:/ PREPEND X-Foo: yes} }",
    'action = %(action_)s[name=sshd, port="%(port)s", dest="a@b.c", bantime=3600]',
    "[sshd]\nfilter = sshd[mode=aggressive]",
    "begin routers\nforward_pass:\n  driver = redirect\nuser_token:\n  driver = accept",
    "smtp-auth inet n - y - - smtpd\n    -o smtpd_tls_auth_only=yes",
    "x-bypass  unix  -       n       n       60      10?       pipe flags=R argv=/x",
    "auth_token = <hidden>",
    "table inet filter {\n\tchain input {\n\t}\n}",
    "virtual_alias_maps = ldap:/etc/postfix/ldap.cf",
    "-A lan -s 10.0.0.25/32 -p tcp -m tcp --dport 25 -j ACCEPT",
    "condition = ${if eq{$h_X-Mark:}\\\n  {no}}\nmessage_size_limit = 50M",
    "condition = ${if eq{postmaster}{$local_part}}",
    "headers_add = X-Spam-Score: $spam_score\nX-Original-To: $local_part@$domain",
    "add_header = X-Helo: $sender_helo_name",
    "deny message = Relaying: not here",
)


FORMS: dict[str, Form] = {
    "haproxy.cfg": "directives",
    "squid.conf": "directives",
    "apache2.conf": "directives",
    "nut": "directives",
    "pdns.conf": "directives",
    "knot.conf": "directives",
    "keepalived.conf": "lines in blocks",
    "nginx.conf": "statements",
    "netplan": "YAML",
    "networkd": "directives",
    "networkmanager": "directives",
    "interfaces": "directives",
}
"""Those of the files that are copied; what commands say is settings."""


@pytest.mark.parametrize("program", SECRETS)
def test_no_secret_of_a_program_gets_through(program: str) -> None:
    hidden = without_secrets(SECRETS[program], FORMS.get(program, "settings"))
    told = [line for line in hidden.splitlines() if "HUNTER" in line]
    assert told == []


@pytest.mark.parametrize("text", OTHERS)
def test_no_secret_gets_through_however_it_is_written(text: str) -> None:
    assert "HUNTER" not in without_secrets(text)


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("program", SECRETS)
def test_what_is_hidden_once_is_hidden_for_good(program: str) -> None:
    form = FORMS.get(program, "settings")
    hidden = without_secrets(SECRETS[program], form)
    assert HIDDEN in hidden
    assert without_secrets(hidden, form).count(HIDDEN) >= hidden.count(HIDDEN) - 1


STATEMENTS = (
    "proxy_pass imap; # password HUNTER\nlisten 993 ssl; ssl_protocols TLSv1;",
    'location / { proxy_set_header Authorization "a; } HUNTER"; ssl_protocols TLSv1; }',
    'if ($http_x_token != "HUNTER") { return 403; } ssl_protocols TLSv1;',
    "set $api_key HUNTER; ssl_protocols TLSv1;",
    'fastcgi_param DB_PASSWORD\n  "HUNTER"; ssl_protocols TLSv1; # password HUNTER',
    "secure_link_md5 '$uri HUNTER'; ssl_protocols TLSv1;",
    "ssl_password_file /etc/x;\n    ssl_protocols TLSv1;\n-----BEGIN PRIVATE KEY-----\nHUNTER\n",
)
"""Of nginx: what stands behind a secret is another statement."""


@pytest.mark.parametrize("text", STATEMENTS)
def test_statements_behind_a_secret_stay(text: str) -> None:
    kept = without_secrets(text, "statements")
    assert "HUNTER" not in kept
    assert "ssl_protocols TLSv1;" in kept
    assert kept.count("\n") == text.count("\n")
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "", text)
    assert (kept.count("{"), kept.count("}")) == (plain.count("{"), plain.count("}"))


@pytest.mark.parametrize(
    "text",
    [
        "map $http_upgrade $connection_upgrade {\n    default upgrade;\n    ''      close;\n}",
        "$VIP=192.0.2.25/24 dev eth0\n",
        "$VIP=192.0.2.25/24 dev eth0 scope global\n",
        "if ($request_uri ~ ^/some-page) { return 403; }",
        "if ($scheme = http) { return 301 https://$host$request_uri; }",
        "proxy_pass http://127.0.0.1/?a=$arg_a;",
        "geo $inside { default 0; 192.0.2.0/24 1; 2001:db8::/32 1; }",
        "default 0;\nexample.org 1;\n192.0.2.0/24 1;\n2001:db8::/32 1;\n",
        "types {\n    text/html html htm shtml;\n    application/x-7z-compressed 7z;\n}\n",
        "fastcgi_param SERVER_SOFTWARE nginx/$nginx_version;\nfastcgi_index index.php;\n",
        "user www-data;\npid /run/nginx.pid;\nload_module modules/ngx_mail_module.so;\nhttp2 on;\n"
        "ssl_dhparam /etc/nginx/dhparam.pem;\nssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;\nserver_tokens build;\n",
        "map $host $root { hostnames; default /srv/www/a; *.example.org /srv/www/b; }",
        "fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;",
        "fastcgi_param HTTPS on;",
        "set $target backend.example.org:8080; proxy_pass http://$target;",
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        'add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always;',
        'if ($http_user_agent ~* "some-robot") { return 403; }',
        r"if ($request_uri ~* \.php$) { return 403; }",
        "env TZ; use epoll;",
    ],
)
def test_what_is_known_to_be_harmless_stays_in_places_of_secrets(text: str) -> None:
    assert without_secrets(text, "statements") == text


@pytest.mark.parametrize(
    "line",
    [
        "up iwconfig wlan0 key s:HUNTER",
        "pre-up wpa_passphrase ssid HUNTER",
        *(
            f"http-request set-header X-A {words}"
            for words in ("hunter.horse.battery.staple", "lohunter", "brhunter12")
        ),
    ],
)
def test_no_secret_of_a_line_gets_through(line: str) -> None:
    assert "hunter" not in without_secrets(line, "directives").lower()


@pytest.mark.parametrize(
    "line",
    [
        "http-request set-header X-Forwarded-Proto https if { ssl_fc }",
        "acl web hdr_beg(host) -i mail.example.org",
        "  http-request set-header X-Client-Address %[src]",
        'Header always set X-Frame-Options "DENY"',
        "SetEnvIf Remote_Addr 192.0.2.1 local",
        "RewriteCond %{HTTP:X-Forwarded-Proto} !https",
        'SetEnvIf Request_URI "/some-page" known-page',
        "Define LOGS /var/log/apache2",
        "acl password proxy_auth REQUIRED",
        "http_access allow password",
        "acl chosen req.cook(SRV) -m str a",
        "server secret 192.0.2.1:25 check",
        "ProxyPass / http://backend.example/",
        "  http-request set-header X-Host %[req.hdr(host),lower] if { src 192.0.2.1 }",
        "LDAPTrustedClientCert CERT_BASE64 /etc/ssl/a.pem",
        "http-request set-header X-A mail.example.org:25",
        "http-request set-header X-A a.svc.cluster.local",
        "http-request set-header X-A enp0s3",
        'SecRule REMOTE_ADDR "@ipMatch 192.0.2.1" "id:1"',
        "Use VirtualHost 443 a.example.org",
        r"RewriteCond %{REQUEST_URI} !^/\.well-known/acme",
        r"RewriteCond %{REQUEST_URI} \.php$ [NC]",
    ],
)
def test_what_administrators_call_a_thing_is_no_secret(line: str) -> None:
    assert without_secrets(line, "directives") == line


@pytest.mark.parametrize("text", ["$VIP=192.0.2.25/24 dev mailnet scope global\n", "$INTERFACE=br-lan\n"])
def test_interfaces_of_definitions_stay(text: str) -> None:
    assert without_secrets(text, "lines in blocks") == text


def test_lines_of_a_definition_stay_but_for_their_secrets() -> None:
    text = (
        "$INSTANCE= \\\nvrrp_instance b { \\\n  interface eth0.${N} \\\n  authentication { \\\n    auth_type PASS \\\n"
        "    auth_pass HUNTER1\\\n  } \\\n  priority \\\n    100 \\\n  virtual_ipaddress { \\\n  10.0.${N}.254/24 \\\n"
        "  } \\\n}\n$N=1\n$INSTANCE\n"
    )
    assert without_secrets(text, "lines in blocks") == text.replace("HUNTER1", HIDDEN)


def test_what_stands_beside_a_secret_in_braces_stays() -> None:
    text = (
        "network:\n  wifis:\n    w0: {access-points: {a: {password: HUNTER}}, addresses: [192.0.2.1/24]}\n    w1: {\n"
        '      password: "HUNTER", addresses: [{192.0.2.2/24: {label: a}}],\n      dhcp4: no}\n'
        "  ethernets: {e0: {auth: {password: HUNTER, ca: /x}, addresses: [192.0.2.3/24]}} # known\n"
    )
    assert without_secrets(text, "YAML") == text.replace('"HUNTER"', HIDDEN).replace("HUNTER", HIDDEN)


def test_a_quote_that_is_not_closed_hides_no_other_line() -> None:
    text = 'iface w0 inet dhcp\n    wpa-psk "HUNTER\nauto e0\niface e0 inet static\n    address 192.0.2.1/24\n'
    assert without_secrets(text, "directives") == text.replace('"HUNTER', HIDDEN)
    text = '[a]\npassword = "HUNTER\n  HUNTER\n[sshd]\nenabled = true\n'
    assert without_secrets(text).endswith("[sshd]\nenabled = true\n")


def test_deeper_lines_behind_a_directive_are_others() -> None:
    text = "SSLCertificateKeyFile /etc/ssl/key.pem\n    SSLProtocol all\nAuthLDAPBindPassword HUNTER\n    SSLProtocol x"
    assert without_secrets(text, "directives") == text.replace("HUNTER", HIDDEN)


@pytest.mark.parametrize("form", ["directives", "statements"])
@pytest.mark.parametrize(
    "piece",
    [
        "'",
        "set a ",
        "hdr(",
        "$http_",
        "login=",
        "a_param x ",
        "{",
        "password x;",
        "\\",
        "map $a $b {",
        "x_by_lua_block {",
        "$arg_a",
        "%{HTTP:X}",
        "httpchk ",
        "?a=",
        "acl x query ",
        "Require expr ",
        "hmac(a,",
        "sni ",
        "%[str(",
        "iwconfig a ",
        "use ",
        "push a/",
        'secrule "',
        "x;",
    ],
)
def test_hostile_text_of_servers_comes_to_an_end(piece: str, form: Form) -> None:
    assert "HUNTER" not in without_secrets(f"{piece * 10_000}\nstats auth u:HUNTER\n", form)


def test_words_that_stand_in_a_secret_hide_no_other_setting() -> None:
    kept = "DCconfig_internet = 1\nCONFDIR = /etc/exim4\nMAIN = exim\ndata = ${lookup{x}lsearch{CONFDIR/aliases}}"
    hidden = "mysql_servers = 1/exim/(/etc/exim4)/exim4u/exim"
    assert without_secrets(f"{hidden}\n{kept}") == f"mysql_servers = {HIDDEN}\n{kept}"


def test_names_of_directories_stay_where_they_stand_in_secrets() -> None:
    text = (
        "CONFDIR = /etc/exim4\nLOGIN = HUNTER1\nbegin authenticators\nplain:\n  public_name = PLAIN\n"
        '  server_condition = "${if crypteq{$auth3}{${extract{1}{:}{${lookup{$auth2}lsearch{CONFDIR/passwd}{$value}'
        '{*:*}}}}}{1}{0}}"\n  server_set_id = $auth2\n  client_send = ^a^LOGIN\n'
        "  server_advertise_condition = ${if eq{$tls_in_cipher}{}{}{*}}\n"
    )
    hidden = without_secrets(text)
    assert "HUNTER" not in hidden
    kept = ("CONFDIR = /etc/exim4", "  server_set_id = $auth2", text.splitlines()[-1])
    assert all(line in hidden.splitlines() for line in kept)


def test_a_setting_behind_a_secret_is_not_lost() -> None:
    text = "smtp_sasl_password_maps =\n  static:u:hunter2\nsmtpd_banner = x\n    -o smtpd_banner=y\n"
    assert without_secrets(text) == text.replace("static:u:hunter2", HIDDEN)


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "token.",
            "password ",
            "password=y ",
            'secret = "',
            'secret="\\',
            "a://b:",
            "login=",
            "login=a:",
            "set-header x",
            "MONITOR a 1 b ",
            'CERTIDENT "',
            "a://",
            "{PLAIN}",
            "-p ",
            "database ",
        ),
        *("secret_maps=\n hash:/x\n", "secret\n", "\\\n", " ", "password=<", "-----BEGIN ", "{SHA-", "hide ", "pass."),
        *(
            "hmac{",
            "hmac{a}",
            "X=a\\\n",
            "curl a://b/",
            "run{a {",
            "eq{$auth1}{",
            "eq{$h_a:}{",
            "match{${lc:$h_a:}}{b}",
            "eq{b}{$h_a:}",
            "eq{$h_a}{",
            "add_header = X-A: ",
            "\\\n# a\n",
            "run{a \\\n",
            "argv=",
            "x[a=",
            "PREPEND X-A: ",
            "://?a=",
            "begin acl\nx:\n",
        ),
    ],
)
def test_hostile_text_comes_to_an_end(piece: str) -> None:
    """Time that grows with the square of the text would not come to an end here."""
    assert without_secrets(piece * 20_000)
    assert HIDDEN in without_secrets(f"password=y{piece * 20_000}@!")


@pytest.mark.parametrize(
    "piece", ["password: ", "{password: ", "password: {", "{password: 'a", '{password: "\\', "[{a: "]
)
def test_hostile_mappings_come_to_an_end(piece: str) -> None:
    assert "HUNTER" not in without_secrets(f"{piece * 20_000}\npassword: HUNTER\n", "YAML")


@pytest.mark.parametrize("form", ["settings", "YAML", "directives", "statements", "lines in blocks"])
@pytest.mark.parametrize("end", ["\\\n", "\\\r\n", "\n"])
@pytest.mark.parametrize(
    "text",
    [
        "action = x[a=b&{}c, d=e]",
        "command = /x y {}z",
        "header_checks = inline:{{ {{ a=PREPEND X-A: b{} }} }}",
        "RequestHeader set X-A {}b",
        "X_by_lua 'a{}b' c;",
        "$A = {}b",
        "hunter42 {} 1;",
    ],
)
def test_there_are_as_many_lines_as_before(text: str, end: str, form: Form) -> None:
    lines = text.format(end) + "\nx y\n"
    assert without_secrets(lines, form).count("\n") == lines.count("\n")


@pytest.mark.parametrize("text", ["HUNTER 1", "~^HUNTER{3}$ 1;\n", "\r\nHUNTER 1;\r\n"])
def test_no_key_of_a_map_in_a_file_of_its_own_gets_through(text: str) -> None:
    assert "HUNTER" not in without_secrets(f"default 0;\n{text}", "statements")


def test_a_name_before_a_deeper_line_is_a_block_in_exim_alone() -> None:
    text = "begin acl\npassword:\n  HUNTER\n"
    assert without_secrets(text) == text
    assert "HUNTER" not in without_secrets(text, "YAML")
    assert "HUNTER" not in without_secrets(text.removeprefix("begin acl\n"))
