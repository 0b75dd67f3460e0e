#!/usr/bin/env python3
"""Verifies a bundle of hsm-enroll without hsm-enroll: Python's standard library, and ssh-keygen, minisign and openssl for what they signed.

  verify-bundle.py BUNDLE [--witnesses witnesses.json] [--tsa-ca tsa-root.pem]

Checks the archive, the statement, the hash of every file, the journal's chain, signatures and time stamps. Not the vendor's evidence:
`hsm-enroll check` does that with the files in run/. Prints one line for each part that is broken or unproven; exit code 1 if one is broken.
"""
import argparse, base64, hashlib, json, os, re, struct, subprocess, sys, tempfile, zlib

ap = argparse.ArgumentParser()
ap.add_argument('bundle'); ap.add_argument('--witnesses'); ap.add_argument('--tsa-ca')
TYPE, NAMESPACE = 'application/vnd.in-toto+json', 'bundle@hsm-enroll'
sha256 = lambda data: hashlib.sha256(data).hexdigest()

class Broken(Exception):
    """A part that does not hold: its name, and why."""

def container(z):
    """The files of the archive. Every octet must be as the one writer writes it: stored, in order, without dates."""
    files, at, central = {}, 0, []
    while z[at:at + 4] == b'PK\3\4':
        size, length = struct.unpack_from('<I', z, at + 22)[0], struct.unpack_from('<H', z, at + 26)[0]
        start = at + 30 + length
        name = z[at + 30:start].decode('latin1')
        if not re.fullmatch(r'[\w.@=+-]+(/[\w.@=+-]+)*', name, re.A): raise Broken('bundle', f'the header of file {len(files) + 1}')
        data = z[start:start + size]
        head = struct.pack('<HHHHHIIIHH', 20, 0x800, 0, 0, 0x21, zlib.crc32(data), size, size, length, 0)
        if len(data) != size or z[at:start] != b'PK\3\4' + head + name.encode(): raise Broken(name, 'content or header changed')
        if name in files or any(other > name for other in files): raise Broken(name, 'out of order')
        central.append((name, b'PK\1\2' + struct.pack('<H', 20) + head + struct.pack('<HHHII', 0, 0, 0, 0, at) + name.encode()))
        files[name], at = data, start + size
    start = at
    for name, entry in central:
        if z[at:at + len(entry)] != entry: raise Broken(name, 'its entry in the directory')
        at += len(entry)
    end = b'PK\5\6' + struct.pack('<HHHHIIH', 0, 0, len(files), len(files), at - start, start, 0)
    if not files or z[at:] != end: raise Broken('bundle', 'the header of the first file, or the end of the directory')
    return files

def statement(files):
    pae = files.get('statement.pae', b'')
    try: body = json.loads(pae[pae.index(b'{'):])
    except ValueError: raise Broken('statement.pae', 'not a statement')
    text = json.dumps(body, indent=2, ensure_ascii=False).encode()
    if pae != f'DSSEv1 {len(TYPE)} {TYPE} {len(text)} '.encode() + text: raise Broken('statement.pae', 'encoded otherwise')
    if (body['_type'], body['predicateType']) != ('https://in-toto.io/Statement/v1', 'urn:hsm-enroll:bundle:1'):
        raise Broken('statement.pae', 'of another type')
    listed = {item['name']: item['digest']['sha256'] for item in body['subject']}
    covered = {n for n in files if n != 'statement.pae' and not n.startswith(('signatures/', 'timestamps/'))}
    for name in sorted(covered | set(listed)):
        if name not in files or listed.get(name) != sha256(files[name]): yield name, 'missing, added or changed'
    journal(files, body['predicate']['journalHead'])

def journal(files, head):
    previous, recorded, name = '0' * 64, {}, 'run/journal.jsonl'
    for line in files.get(name, b'').decode('utf8', 'replace').split('\n')[:-1]:
        entry = json.loads(line)
        if entry['previous'] != previous or entry['hash'] != sha256((line[:-75] + '}').encode()): raise Broken(name, 'the chain')
        previous = entry['hash']
        for value in entry['event'].values():
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, dict) and {'file', 'sha256'} <= set(each): recorded[each['file']] = each['sha256']
    if previous != head: raise Broken(name, 'its end is not the one in the statement')
    for file, digest in recorded.items():
        if sha256(files.get('run/' + file, b'')) != digest: raise Broken('run/' + file, 'is not what the journal recorded')

def run(*command, stdin=None):
    return subprocess.run(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

def signature(name, path, people):
    """Whose it is: a name, or None where it holds for a key that no witness has. Raises Broken."""
    at, sig = path('statement.pae'), path(name)
    if name.endswith('.sshsig'):
        for who in (p for p in people if 'ssh' in p):
            with open(path('allowed'), 'w') as f: f.write(f'w namespaces="{NAMESPACE}" {who["ssh"]}\n')
            with open(at, 'rb') as f:
                if run('ssh-keygen', '-Y', 'verify', '-f', path('allowed'), '-I', 'w', '-n', NAMESPACE, '-s', sig, stdin=f).returncode == 0: return who['name']
        with open(at, 'rb') as f: ok = run('ssh-keygen', '-Y', 'check-novalidate', '-n', NAMESPACE, '-s', sig, stdin=f).returncode == 0
    elif name.endswith('.minisig'):
        mine = [p for p in people if 'minisign' in p]
        for who in mine:
            if run('minisign', '-V', '-q', '-P', who['minisign'].strip().split('\n')[-1], '-m', at, '-x', sig).returncode == 0: return who['name']
        keyid = lambda text: base64.b64decode(text)[2:10]
        lines = open(sig, errors='replace').read().split('\n')
        ok = len(lines) == 5 and keyid(lines[1]) not in [keyid(p['minisign'].strip().split('\n')[-1]) for p in mine]
    else:
        ok = run('openssl', 'cms', '-verify', '-binary', '-inform', 'DER', '-in', sig, '-content', at, '-noverify', '-signer', path('signer'), '-out', os.devnull).returncode == 0
        if ok:
            pem = lambda text: sha256(base64.b64decode(re.search('-{5}BEGIN CERTIFICATE-{5}(.+?)-{5}', text, re.S)[1]))
            key = pem(open(path('signer')).read())
            for who in people:
                x = who.get('x509', '').strip()
                if x and (pem(x) if x.startswith('-') else x.lower()) == key: return who['name']
    if not ok: raise Broken(name, 'the signature does not hold')

def timestamp(stem, files, path, ca):
    dump = lambda text: ''.join(re.findall(r'[0-9a-f]', ''.join(re.findall(r'^ +[0-9a-f]{4} - (.{47,50})', text, re.M))))[:64]
    query = run('openssl', 'ts', '-query', '-in', path(stem + '.tsq'), '-text').stdout.decode('latin1')
    text = run('openssl', 'ts', '-reply', '-in', path(stem + '.tsr'), '-text').stdout.decode('latin1')
    if dump(query) != sha256(files[stem + '.sums']):
        raise Broken(stem + ('.sums' if dump(query) == dump(text) else '.tsq'), 'is not what was stamped')
    listed = dict(reversed(line.split('  ', 1)) for line in files[stem + '.sums'].decode().splitlines())
    if 'statement.pae' not in listed: raise Broken(stem + '.sums', 'does not cover the statement')
    for name, digest in listed.items():
        if sha256(files.get(name, b'')) != digest: raise Broken(name, 'is not what was stamped')
    time = re.search(r'^Time stamp: (.+)$', text, re.M)
    if not time: raise Broken(stem + '.tsr', 'is not a time stamp')
    if ca is None: return f'{time[1]}, whose authority was not verified'
    import calendar, time as clock
    when = calendar.timegm(clock.strptime(re.sub(r'\.\d+', '', time[1]), '%b %d %H:%M:%S %Y GMT'))
    if run('openssl', 'ts', '-verify', '-queryfile', path(stem + '.tsq'), '-in', path(stem + '.tsr'), '-CAfile', ca, '-attime', str(when)).returncode:
        raise Broken(stem + '.tsr', 'the time stamp does not hold')

def verify(data, witnesses=None, ca=None):
    """Two lists of (part, why): what is broken, and what is unproven."""
    broken, unproven = [], []
    try: files = container(data)
    except Broken as b: return [b.args], []
    def attempt(part, check):
        try: return check()
        except Broken as b: broken.append(b.args)
        except (ValueError, KeyError, TypeError, AttributeError) as e: broken.append((part, f'malformed: {e}'))
    attempt('statement.pae', lambda: broken.extend(statement(files)))
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name.replace('/', '_'))
        for name, content in files.items():
            if not name.startswith('run/'):
                with open(path(name), 'wb') as f: f.write(content)
        people, signed = (witnesses or {}).get('witnesses', []), set()
        for name in (n for n in files if n.startswith('signatures/')):
            before = len(broken)
            who = attempt(name, lambda: signature(name, path, people))
            if who: signed.add(who)
            elif len(broken) == before: unproven.append((name, 'by a key that no witness has'))
        if witnesses is None: unproven.append(('bundle', 'no list of witnesses was passed'))
        elif len(signed) < witnesses.get('threshold', len({p['name'] for p in people})): broken.append(('bundle', f'{len(signed)} witnesses signed'))
        for stem in sorted({n.rsplit('.', 1)[0] for n in files if n.startswith('timestamps/')}):
            why = attempt(stem + '.tsr', lambda: timestamp(stem, files, path, ca))
            if why: unproven.append((stem + '.tsr', why))
    return broken, unproven

if __name__ == '__main__':
    args = ap.parse_args()
    listed = json.load(open(args.witnesses)) if args.witnesses else None
    broken, unproven = verify(open(args.bundle, 'rb').read(), listed, args.tsa_ca)
    for part, why in broken: print(f'broken    {part}: {why}')
    for part, why in unproven: print(f'unproven  {part}: {why}')
    print('BROKEN' if broken else 'nothing is wrong with it')
    sys.exit(1 if broken else 0)
