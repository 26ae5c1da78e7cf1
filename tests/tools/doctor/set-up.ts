// The values of the set-up that the doctor examines.
export const BASE_URL = "http://localhost:3000";
export const CLIENT_SECRET = "s3cret+of+this+client+0123456789";
export const AUTH_SECRET = "seals+cookies+0123456789+0123456789+012345";
