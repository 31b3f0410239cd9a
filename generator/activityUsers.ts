import type { Random } from "./random.ts";
import { heavyUser, isQuiet, type Shares } from "./shares.ts";

/** Draws the user of an event or an order: the heavy user, a user that no file names, or any other user. */
export function activityUsers(random: Random, shares: Shares, users: number): () => number {
  const heavy = shares.heavyUser;
  const special = heavy + shares.orphans;
  return () => {
    if (random.chance(special)) return random.chance(heavy / special) ? heavyUser : users + random.below(users);
    const user = random.below(users);
    return isQuiet(user) ? user - 1 : user;
  };
}
