/** The form of one kind of secret. Only unmistakable forms are listed: people would soon ignore false alarms. */
export interface Pattern {
  readonly name: string;
  readonly expression: RegExp;
}

export const patterns: readonly Pattern[] = [
  { name: "AWS access key id", expression: /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/ },
  {
    name: "AWS secret access key",
    expression: /aws_?secret_?access_?key\W{1,6}(?:[A-Za-z]+\W{1,3})?["']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/i,
  },
  { name: "private key", expression: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----/ },
  { name: "GitHub token", expression: /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b/ },
  { name: "GitLab token", expression: /\bglpat-[A-Za-z0-9_-]{20}\b/ },
  { name: "Pulumi access token", expression: /\bpul-[0-9a-f]{40}\b/ },
  { name: "npm token", expression: /\bnpm_[A-Za-z0-9]{36}\b/ },
  { name: "PyPI token", expression: /\bpypi-[A-Za-z0-9_-]{50,}/ },
  { name: "Slack token", expression: /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/ },
  { name: "Slack webhook", expression: /hooks\.slack\.com\/services\/T[A-Z0-9]{8,}\/B[A-Z0-9]{8,}\/[A-Za-z0-9]{20,}/ },
  { name: "Google API key", expression: /\bAIza[A-Za-z0-9_-]{35}\b/ },
  { name: "Stripe key", expression: /\b[rs]k_live_[A-Za-z0-9]{24,}\b/ },
  { name: "JSON web token", expression: /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}/ },
  // A placeholder for a password in an example is not a secret.
  {
    name: "password in a URL",
    expression: /\b[a-z][a-z0-9+.-]{2,}:\/\/[^\s:@/"'`$<{]+:(?!\*|password@|secret@)[^\s:@/"'`$<{]{3,}@/i,
  },
];
