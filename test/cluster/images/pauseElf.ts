const headersLength = 0x78;
const loadAddress = 0x400000n;

/** x86-64: ignores SIGCHLD, so that the kernel reaps orphans as with the real pause, then calls pause(). */
const code = Buffer.from([
  ...[0x31, 0xd2], // xor edx, edx: no old action wanted
  ...[0x6a, 0x00, 0x6a, 0x00, 0x6a, 0x00, 0x6a, 0x01], // push mask, restorer, flags, SIG_IGN
  ...[0x48, 0x89, 0xe6], // mov rsi, rsp
  ...[0x6a, 0x11, 0x5f], // push SIGCHLD; pop rdi
  ...[0x6a, 0x08, 0x41, 0x5a], // push size of the mask; pop r10
  ...[0x6a, 0x0d, 0x58, 0x0f, 0x05], // rt_sigaction
  ...[0x6a, 0x22, 0x58, 0x0f, 0x05], // pause
  ...[0xeb, 0xf9], // back to pause
]);

/** A static Linux program of 152 bytes that waits forever: ELF header, one program header, code. */
export function pauseElf(): Buffer {
  const elf = Buffer.alloc(headersLength + code.length);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // 64 bit, little endian
  elf.writeUInt16LE(2, 16); // executable
  elf.writeUInt16LE(62, 18); // x86-64
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(loadAddress + BigInt(headersLength), 24); // entry
  elf.writeBigUInt64LE(64n, 32); // program headers
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64); // PT_LOAD
  elf.writeUInt32LE(5, 68); // readable, executable
  elf.writeBigUInt64LE(loadAddress, 80);
  elf.writeBigUInt64LE(loadAddress, 88);
  elf.writeBigUInt64LE(BigInt(elf.length), 96);
  elf.writeBigUInt64LE(BigInt(elf.length), 104);
  elf.writeBigUInt64LE(0x1000n, 112);
  elf.set(code, headersLength);
  return elf;
}
