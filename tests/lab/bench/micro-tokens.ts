import { verify } from "node:crypto";
import { CognitoJwtVerifier } from "aws-jwt-verify";
import { createLocalJWKSet, jwtVerify } from "jose";
import { verifyAccessToken } from "../../../lib/auth/core/tokens/verify";
import { CLIENT_ID, POOL_ID, type Samples, type Tokens } from "./samples";
import { type Case, freshCopy, type Operation, takeInTurn } from "./timing";

export const JOSE = "jose jwtVerify";

const ALGORITHM = "RSASSA-PKCS1-v1_5";
const USERS = 50; // Whose tokens are remembered; all others are new.

/** Every way to find out whether an access token of Cognito's is good. */
export async function tokenCases(samples: Samples, issued: readonly Tokens[]): Promise<readonly Case[]> {
  const config = samples.config();
  const take = takeInTurn(issued.slice(USERS).map(({ accessToken }) => accessToken));
  const eachToken = (verifyOne: (token: string) => unknown) => (count: number) =>
    take(count).map((token) => onFreshCopy(token, verifyOne));
  const kit = (token: string) => verifyAccessToken(token, config, [CLIENT_ID]);
  const known = takeInTurn(issued.slice(0, USERS).map(({ accessToken }) => accessToken));
  const remembered = async (count: number) => {
    for (const token of known(USERS)) await kit(token);
    return known(count).map((token) => onFreshCopy(token, kit));
  };
  const jose = eachToken(joseVerifier(samples));
  return [
    ...(await floorCases(samples, take)),
    { name: "aws-jwt-verify verifySync", prepare: eachToken(awsVerifier(samples).verifySync) },
    { name: "aws-jwt-verify verify", prepare: eachToken(awsVerifier(samples).verify) },
    { name: JOSE, prepare: jose },
    { name: `${JOSE}, again (A/A)`, prepare: jose },
    { name: "the kit, a new token", prepare: eachToken(kit) },
    { name: "the kit, remembered", prepare: remembered },
  ];
}

/** With the checks that a Cognito access token needs, and its keys at hand. */
export function joseVerifier(samples: Samples): (token: string) => Promise<unknown> {
  const keys = createLocalJWKSet(samples.jwks);
  const { issuer } = samples.config();
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, { issuer, algorithms: ["RS256"] });
    if (payload.token_use !== "access" || payload.client_id !== CLIENT_ID) throw new Error("Not ours");
    return payload;
  };
}

function awsVerifier(samples: Samples) {
  const verifier = CognitoJwtVerifier.create({ userPoolId: POOL_ID, tokenUse: "access", clientId: CLIENT_ID });
  verifier.cacheJwks(samples.jwks);
  return {
    verifySync: (token: string) => verifier.verifySync(token),
    verify: (token: string) => verifier.verify(token),
  };
}

/** The check of the signature and nothing else: no split, no decoding, no claims. */
async function floorCases(samples: Samples, take: (count: number) => readonly string[]): Promise<readonly Case[]> {
  const { publicKey } = samples;
  const algorithm = { name: ALGORITHM, hash: "SHA-256" };
  const [jwk] = samples.jwks.keys;
  const key = await crypto.subtle.importKey("jwk", { ...jwk }, algorithm, false, ["verify"]);
  const split = (token: string) => {
    const at = token.lastIndexOf(".");
    return [Buffer.from(token.slice(0, at)), Buffer.from(token.slice(at + 1), "base64url")] as const;
  };
  const eachSplit =
    (verifyOne: (input: Buffer<ArrayBuffer>, signature: Buffer<ArrayBuffer>) => unknown) => (count: number) =>
      take(count).map((token) => {
        const [input, signature] = split(token);
        return () => verifyOne(input, signature);
      });
  return [
    {
      name: "signature alone, node:crypto",
      prepare: eachSplit((input, signature) => verify("RSA-SHA256", input, publicKey, signature)),
    },
    {
      name: "signature alone, WebCrypto",
      prepare: eachSplit((input, signature) => crypto.subtle.verify(ALGORITHM, key, signature, input)),
    },
  ];
}

function onFreshCopy(token: string, verifyOne: (token: string) => unknown): Operation {
  const copy = freshCopy(token);
  return () => verifyOne(copy);
}
