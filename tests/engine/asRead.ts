/**
 * What a read tells that differs from what was asked for: AWS does not return some properties, and fills in others that
 * the program leaves out. By the resource schemas of CloudFormation for aws-native, by the provider's for aws.
 */

export type Values = Readonly<Record<string, unknown>>;

interface Difference {
  /** What AWS has beside what the program says. */
  readonly filledIn?: Values;
  /** Without what AWS never returns: an import can't know it. */
  readonly returned?: (inputs: Values) => Values;
}

/** An object in an object is filled in as well. */
function merged(filledIn: Values, values: Values): Values {
  const result: Record<string, unknown> = { ...filledIn, ...values };
  for (const [key, child] of Object.entries(filledIn))
    if (typeof child === "object" && !Array.isArray(child) && key in values)
      result[key] = merged(child as Values, values[key] as Values);
  return result;
}

/** The account's own catalog. */
const catalogId = "account";

const differences: Readonly<Record<string, Difference>> = {
  "aws-native:kms:Key": {
    filledIn: {
      enabled: true,
      keySpec: "SYMMETRIC_DEFAULT",
      keyUsage: "ENCRYPT_DECRYPT",
      multiRegion: false,
      origin: "AWS_KMS",
    },
    returned: ({ pendingWindowInDays: _, ...inputs }) => inputs,
  },
  "aws-native:s3:Bucket": {
    filledIn: { abacStatus: "Disabled" },
    returned: (inputs) => ({
      ...inputs,
      lifecycleConfiguration: {
        rules: (inputs.lifecycleConfiguration as { rules: Values[] }).rules.map(
          ({ expiredObjectDeleteMarker: _, ...rule }) => rule,
        ),
      },
    }),
  },
  "aws-native:logs:LogGroup": { filledIn: { deletionProtectionEnabled: false, logGroupClass: "STANDARD" } },
  "aws:glue/catalogDatabase:CatalogDatabase": {
    filledIn: {
      catalogId,
      createTableDefaultPermissions: [
        { permissions: ["ALL"], principal: { dataLakePrincipalIdentifier: "IAM_ALLOWED_PRINCIPALS" } },
      ],
    },
  },
  "aws:glue/catalogTable:CatalogTable": {
    filledIn: {
      catalogId,
      owner: "",
      retention: 0,
      storageDescriptor: { compressed: false, numberOfBuckets: 0, storedAsSubDirectories: false },
    },
  },
};

/** What a resource is in AWS, by what was asked for. */
export const inAws = (type: string, inputs: Values): Values => merged(differences[type]?.filledIn ?? {}, inputs);

/** The inputs that an import gets. */
export function imported(type: string, inputs: Values): Values {
  const full = inAws(type, inputs);
  return differences[type]?.returned?.(full) ?? full;
}

/**
 * What old and new inputs are compared as. The provider aws takes what the program leaves out for what AWS has filled
 * in; aws-native takes it out of an imported resource.
 */
export const compared = (type: string, inputs: Values): Values =>
  type.startsWith("aws:") ? inAws(type, inputs) : inputs;
