/** What a row of each dataset is while it is drawn. */

export const datasetNames = ["users", "events", "orders"] as const;
export type DatasetName = (typeof datasetNames)[number];

/** Numbers stand for texts: `country` 0 is IN. */
export interface UserRow {
  id: number;
  time: number;
  country: number;
  device: number;
  source: number;
}

export const countries = ["IN", "US", "EU", "AU"] as const;
export const devices = ["mobile", "PC", "tablet"] as const;
export const sources = ["google_ads", "instagram_reels", "youtube"] as const;

/** Numbers stand for texts: `type` 0 is product_view. */
export interface EventRow {
  id: number;
  user: number;
  type: number;
  product: number;
  time: number;
  session: number;
  device: number;
}

/** Numbers stand for texts: `status` 0 is success, 1 failed. */
export interface OrderRow {
  id: number;
  user: number;
  product: number;
  cents: number;
  currency: number;
  time: number;
  status: number;
}

/** Products are numbered from 1. */
export const productCount = 1000;
