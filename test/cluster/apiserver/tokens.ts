import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Store } from '../store.ts';
import { isObject, stringAt } from './json.ts';
import { serviceAccountUser, type User } from './users.ts';

/** Bearer tokens: fixed ones for the users of the kubeconfig files, signed ones for service accounts. */
export class Tokens {
  readonly #secret = randomBytes(32);
  readonly #fixed = new Map<string, User>();
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Creates a token for the user that is valid as long as the server runs. */
  add(user: User): string {
    const token = randomBytes(24).toString('hex');
    this.#fixed.set(token, user);
    return token;
  }

  /** Signs a token in the form of a JWT. It ends at `expires`, or with its service account. */
  issue(namespace: string, name: string, uid: string, expires: Date): string {
    const header = encode({ alg: 'HS256', typ: 'JWT' });
    const payload = encode({
      iss: 'https://kubernetes.default.svc',
      sub: serviceAccountUser(namespace, name).name,
      exp: Math.floor(expires.getTime() / 1000),
      'kubernetes.io': { namespace, serviceaccount: { name, uid } },
    });
    return `${header}.${payload}.${this.#sign(`${header}.${payload}`)}`;
  }

  /** Returns undefined for a token that is unknown, forged or expired. */
  userOf(token: string): User | undefined {
    return this.#fixed.get(token) ?? this.#serviceAccountOf(token);
  }

  #serviceAccountOf(token: string): User | undefined {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const expected = Buffer.from(this.#sign(`${header}.${payload}`));
    const given = Buffer.from(signature);
    if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    if (!isObject(claims) || Number(claims.exp) * 1000 < Date.now()) return undefined;
    const bound = isObject(claims['kubernetes.io']) ? claims['kubernetes.io'] : {};
    const account = isObject(bound.serviceaccount) ? bound.serviceaccount : {};
    const namespace = stringAt(bound.namespace);
    const name = stringAt(account.name);
    const living = this.#store.get('serviceaccounts', namespace, name);
    if (living?.metadata.uid !== account.uid) return undefined;
    return serviceAccountUser(namespace, name, stringAt(account.uid));
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64url');
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
