// Sheaf's browser client: the public names, nothing else.
export { readDrop, readInput } from './folder.js';
export { openMemory } from './memory.js';
export { Push } from './push.js';
export { Problem } from './transport.js';
export { Upload } from './upload.js';
