// Steps that run AutoML.
export {};
