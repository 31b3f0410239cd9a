import { deploy } from "./components/program.ts";

// Pulumi calls it, and what it returns are the stack's outputs.
export default deploy;
