/** Tags as the providers spell them: `@pulumi/aws` takes a map, `@pulumi/aws-native` a list. */
export type Tags = Readonly<Record<string, string>>;

export const tagList = (tags: Tags): { key: string; value: string }[] =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));
