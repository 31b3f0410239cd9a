// Pulumi loads a policy pack by `require` and leaves it no way to name a loader, so tsx is registered here.
module.exports = import("tsx/esm/api").then(({ register }) => {
  register();
  return import("./pack.ts");
});
