"""What must be masked, and what stands in its place: invented people, reserved numbers, published examples."""

import base64
import random
import string

import pytest

from soundalike.redact import redact_text

LETTERS_AND_DIGITS = string.ascii_letters + string.digits


def key(length: int, alphabet: str = LETTERS_AND_DIGITS, seed: int = 7) -> str:
    """A made-up secret, made at run time so that no scanner takes this file for a leak."""
    return "".join(random.Random(seed).choices(alphabet, k=length))


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


HEX = key(64, "0123456789abcdef")
JWT = ".".join([encoded('{"alg":"HS256","typ":"JWT"}'), encoded('{"sub":"nobody"}'), key(43)])
BOT = ".".join([encoded("123456789012345678"), key(6), key(38)])
RSA = f"-----BEGIN RSA PRIVATE KEY-----\n{key(64)}\n{key(64)}\n{key(20)}==\n-----END RSA PRIVATE KEY-----"
UNFINISHED = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{key(70)}\n{key(70)}"

MASKED = {
    "e-mail": [
        ("mail me at sam.poe@example.com ok", "mail me at my email ok"),
        ("sam@example.co.uk", "my email"),
        ("it's SAM_POE+games@Mail.Example.org.", "it's my email."),
        ("(sam@example.com)", "(my email)"),
        ("mailto:sam@example.com", "mailto:my email"),
        ("sam@example.com,kim@example.com", "my email,my email"),
        ("<sam@example.com>", "<my email>"),
        ("i'm @sam@social.example.com there", "i'm my email there"),
        ("12345@qq.com", "my email"),
        ("josé@example.com", "my email"),
        ("sam [at] example [dot] com", "my email"),
        ("sam(at)example.com", "my email"),
        ("sam.poe at gmail dot com", "my email"),
        ("sam at gmail.com thanks", "my email thanks"),
    ],
    "phone": [
        ("call me at (415) 555-0132", "call me at my number"),
        ("415-555-0132", "my number"),
        ("415.555.0132 is the office", "my number is the office"),
        ("its 415 555 0132", "its my number"),
        ("1-800-555-0199", "my number"),
        ("+1 415 555 0132", "my number"),
        ("+14155550132", "my number"),
        ("+1 (415) 555-0132!!", "my number!!"),
        ("555-123-4567", "my number"),
        ("+15551234567", "my number"),
        ("my number is 4155550132", "my number is my number"),
        ("text 4155550132 when ur there", "text my number when ur there"),
        ("call 555-0132", "call my number"),
        ("tel:+1-415-555-0132", "tel:my number"),
        ("Phone:4155550132", "Phone:my number"),
        ("4155550132", "my number"),
        ("07700 900123", "my number"),
        ("+44 7700 900123", "my number"),
        ("+447700900123 (mum)", "my number (mum)"),
        ("020 7946 0958", "my number"),
        ("0044 20 7946 0958", "my number"),
        ("06 39 98 12 34", "my number"),
        ("+33 6 39 98 12 34", "my number"),
        ("0176 12345678", "my number"),
        ("meine nummer ist 0176/12345678", "meine nummer ist my number"),
        ("+49 (0)30 901820", "my number"),
        ("+61 491 570 156", "my number"),
        ("0491 570 156", "my number"),
        ("+91 98765 43210", "my number"),
        ("whatsapp 98765 43210", "whatsapp my number"),
        ("+7 916 123-45-67", "my number"),
        ("8 (916) 123-45-67", "my number"),
        ("(11) 91234-5678", "my number"),
        ("090-1234-5678", "my number"),
        ("+86 138 0013 8000", "my number"),
        ("on 2021-03-04 i called 415-555-0132 and 415-555-0147", "on 2021-03-04 i called my number and my number"),
        ("415-555-0132 415-555-0147", "my number my number"),
        ("(415)555-0132", "my number"),
        ("4155550132 txt me", "my number txt me"),
        ("9876543210", "my number"),
        ("017612345678", "my number"),
        ("612 34 56 78", "my number"),
        ("my cell: 415 5550132", "my cell: my number"),
    ],
    "card": [
        ("4111 1111 1111 1111", "my card"),
        ("4111111111111111", "my card"),
        ("card 4111-1111-1111-1111 exp 12/29", "card my card exp 12/29"),
        ("4111 1111 1111 1111 12/29", "my card 12/29"),
        ("5555555555554444", "my card"),
        ("2223 0031 2200 3222", "my card"),
        ("3782 822463 10005", "my card"),
        ("378282246310005", "my card"),
        ("6011 1111 1111 1117", "my card"),
        ("3530 1113 3330 0000", "my card"),
        ("3056 930902 5904", "my card"),
    ],
    "bank": [
        ("DE89 3704 0044 0532 0130 00", "my account"),
        ("DE89370400440532013000", "my account"),
        ("send it to GB29 NWBK 6016 1331 9268 19 please", "send it to my account please"),
        ("fr14 2004 1010 0505 0001 3m02 606", "my account"),
        ("IBAN: NL91ABNA0417164300", "IBAN: my account"),
        ("ref AB12 3456 7890 1234 DE89 3704 0044 0532 0130 00 ok", "ref AB12 3456 7890 1234 my account ok"),
        ("routing number 021000021", "routing number my account"),
        ("account number: 12345678", "account number: my account"),
        ("19-2000145399/0800", "my account"),
    ],
    "identity": [
        ("my ssn is 536-90-4399", "my ssn is my id"),
        ("ssn 536904399", "ssn my id"),
        ("536-90-4399", "my id"),
        ("RCCMNL83S18D969H", "my id"),
        ("cpf 390.533.447-05", "cpf my id"),
        ("390.533.447-05", "my id"),
        ("131052-308T", "my id"),
        ("passport number 123456789", "passport number my id"),
        ("my dni is 54362315K", "my dni is my id"),
    ],
    "ip": [
        ("203.0.113.7", "some ip"),
        ("its up on 203.0.113.7:25565", "its up on some ip"),
        ("ssh me@198.51.100.23", "ssh me@some ip"),
        ("ping 192.168.0.12 lol", "ping some ip lol"),
        ("10.0.0.5", "some ip"),
        ("(203.0.113.7)", "(some ip)"),
        ("connect=203.0.113.7", "connect=some ip"),
        ("5.9.12.14:7777", "some ip"),
        ("2001:db8:85a3::8a2e:370:7334", "some ip"),
        ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "some ip"),
        ("fe80::1ff:fe23:4567:890a%eth0", "some ip"),
        ("::ffff:203.0.113.7", "::ffff:some ip"),
        ("mount 203.0.113.7:/home /mnt", "mount some ip:/home /mnt"),
        ("from 203.0.113.7: icmp_seq=1", "from some ip: icmp_seq=1"),
        ("[2001:db8::1]:443", "[some ip]:443"),
        ("00:1A:2B:3C:4D:5E", "some ip"),
        ("mac 00-1a-2b-3c-4d-5e", "mac some ip"),
    ],
    "key": [
        (BOT, "some key"),
        (f"TOKEN={BOT}", "TOKEN=some key"),
        ("mfa." + key(84), "some key"),
        ("https://discord.com/api/webhooks/" + "123456789012345678/" + key(68), "some key"),
        ("https://hooks.slack.com/" + "services/T00000000/B00000000/" + key(24), "some key"),
        ("ghp" + "_" + key(36), "some key"),
        ("my pat is gho" + "_" + key(36) + " dont tell", "my pat is some key dont tell"),
        ("github" + "_pat_" + key(22) + "_" + key(59), "some key"),
        ("glpat" + "-" + key(20), "some key"),
        ("AKIA" + key(16, string.ascii_uppercase + "234567"), "some key"),
        ("wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY", "some key"),
        ("aws_secret_access_key = " + key(40), "aws_secret_access_key = some key"),
        (JWT, "some key"),
        (f"Authorization: Bearer {JWT}", "Authorization: Bearer some key"),
        ("xoxb" + "-" + key(12, string.digits) + "-" + key(24), "some key"),
        ("sk" + "_live_" + key(24), "some key"),
        ("rk" + "_test_" + key(24), "some key"),
        ("sk" + "-" + key(48), "some key"),
        ("sk" + "-proj-" + key(60), "some key"),
        ("sk" + "-ant-api03-" + key(90), "some key"),
        ("AIza" + key(35), "some key"),
        ("npm" + "_" + key(36), "some key"),
        ("pypi" + "-AgEIcHlwaS5vcmc" + key(60), "some key"),
        ("hf" + "_" + key(34), "some key"),
        ("SG" + "." + key(22) + "." + key(43), "some key"),
        ("123456789" + ":" + key(35), "some key"),
        (RSA, "some key"),
        (f"look\n{RSA}\nlol", "look\nsome key\nlol"),
        (UNFINISHED, "some key"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + key(43) + " sam@laptop", "ssh-ed25519 some key sam@laptop"),
        ("the key is " + key(32), "the key is some key"),
        (key(24, string.ascii_lowercase + string.digits), "some key"),
        (f"api_key: '{key(20)}'", "api_key: 'some key'"),
        ("token=abc123def456", "token=some key"),
        (f"`{key(40)}=`", "`some key`"),
    ],
    "password": [
        ("password: hunter2", "password: some password"),
        ("Password = correcthorse", "Password = some password"),
        ("the wifi password is Sunny-Day7 btw", "the wifi password is some password btw"),
        ("passwd=letmein", "passwd=some password"),
        ('{"password": "hunter2"}', '{"password": "some password"}'),
        ("rpcpassword=local321", "rpcpassword=some password"),
        ("login: sam\npassword: swordfish\nsee u", "login: sam\npassword: some password\nsee u"),
        ("pw: Tr0ub4dor", "pw: some password"),
        ("pw is Tr0ub4dor", "pw is some password"),
        ("the password is 'meow'", "the password is 'some password'"),
        ("user:sam password:meow host:here", "user:sam password:some password host:here"),
        ("contraseña: hola123", "contraseña: some password"),
        ("mot de passe : s3same", "mot de passe : some password"),
        ("pass: ||letM3in||", "pass: ||some password||"),
    ],
    "wallet": [
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "some address"),
        ("send to 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy thx", "send to some address thx"),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "some address"),
        ("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "some address"),
        ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "some address"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "some address"),
        ("tip 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed!", "tip some address!"),
        ("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "some address"),
        ("DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L", "some address"),
        ("LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9", "some address"),
        ("TPL66VK2gCXNCD7EJg9pgJRfqcRazjhUZY", "some address"),
        ("cosmos1hsk6jryyqjfhp5dhc55tc9jtckygx0eph6dd02", "some address"),
        ("7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTZXwCFLtV", "some address"),
        ("/address/1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa/txs", "/address/some address/txs"),
        ("5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ", "some key"),
        ("4" + "8" + key(93, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"), "some address"),
    ],
    "hash": [
        (HEX, "some hash"),
        (f"0x{HEX}", "some hash"),
        (f"commit {HEX[:40]} broke it", "commit some hash broke it"),
        (HEX[:32].upper(), "some hash"),
        (f"md5={HEX[:32]}", "md5=some hash"),
        ("123e4567-e89b-12d3-a456-426614174000", "some hash"),
        (f"block/{HEX}", "block/some hash"),
    ],
    "link": [
        ("https://www.example.com/path?x=1#y", "example.com"),
        ("look https://example.com/a/b lol", "look example.com lol"),
        ("(https://example.com/a).", "(example.com)."),
        ("<https://example.com/a>", "<example.com>"),
        ("http://example.com", "example.com"),
        ("https://sub.example.co.uk:8080/", "sub.example.co.uk"),
        ("https://user:pa55@example.com/x", "example.com"),
        ("postgres://app:pa55@db.example.com:5432/main", "db.example.com"),
        ("https://en.example.org/wiki/Foo_(bar)", "en.example.org"),
        ("[here](https://example.com/a?b=c)", "[here](example.com)"),
        ("||https://example.com/a||", "||example.com||"),
        ("**https://example.com/a**", "**example.com**"),
        ('"url": "https://example.com/a", "b"', '"url": "example.com", "b"'),
        ("discord.gg/AbCdEf", "discord.gg"),
        ("youtu.be/AbCdEf-g123", "youtu.be"),
        ("www.example.com/x", "example.com"),
        ("go to www.example.com.", "go to example.com."),
        ("HTTPS://WWW.EXAMPLE.COM/X", "EXAMPLE.COM"),
        ("http://203.0.113.7:3002/tx/1", "some ip"),
        ("http://localhost:3000/x", "localhost"),
        ("https://example.com/a https://example.org/b", "example.com example.org"),
        ("https://example.com/mail/sam@example.com", "example.com"),
        ("http://bücher.example/x", "bücher.example"),
        ("看https://example.com/a。好", "看example.com。好"),
    ],
}
CASES = [
    pytest.param(text, expected, id=f"{kind}-{n}")
    for kind, rows in MASKED.items()
    for n, (text, expected) in enumerate(rows)
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_masks(text: str, expected: str) -> None:
    """Each of these loses what is private and keeps the rest, says that it did, and is not touched again."""
    masked, counts = redact_text(text)
    assert masked == expected
    assert sum(counts.values()) >= 1
    assert redact_text(masked) == (masked, {})


def test_there_are_enough_cases() -> None:
    """The table stays a table: more than a hundred strings, every kind among them."""
    assert len(CASES) > 150 and all(len(rows) >= 7 for rows in MASKED.values())
