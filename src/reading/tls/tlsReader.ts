import { readCertificate } from '../../packets/certificate.ts';
import { u16, u24 } from '../../packets/numbers.ts';
import {
  firstCertificate,
  looksLikeTls,
  readClientHello,
  readServerHello,
  TLS_HANDSHAKE,
  TLS_HANDSHAKE_HEADER_BYTES,
  TLS_RECORD,
  TLS_RECORD_HEADER_BYTES,
} from '../../packets/tls.ts';
import type { Arrival, StreamConsumer } from '../byteStream.ts';
import type { TlsFacts } from './tlsFacts.ts';

/** The size of handshake messages kept for each direction. Certificate chains are a few kilobytes. */
const MAX_HANDSHAKE_BYTES = 48 * 1024;
const MAX_ALERTS = 8;
/** After this many data records, no more unencrypted records are expected, except alerts. */
const MAX_DATA_RECORDS = 4;
/** The number of segments after a gap that are searched for the next record. */
const MAX_SKIPPED_SEGMENTS = 32;
/** The maximum size of a TLS record of a known version. */
const MAX_RECORD_BYTES = 16_384 + 2_048;

/** Reads the unencrypted part of one direction of a TLS connection. */
export class TlsReader implements StreamConsumer {
  isDone = false;
  readonly #facts: TlsFacts;
  readonly #fromClient: boolean;
  /** The header of the record, followed by the two bytes of an alert. */
  readonly #header = Buffer.alloc(TLS_RECORD_HEADER_BYTES + 2);
  #headerBytes = 0;
  #recordType = 0;
  #recordLeft = 0;
  #recordLength = 0;
  #handshake: Buffer = Buffer.alloc(0);
  #isEncrypted = false;
  #dataRecords = 0;
  #isLost = false;
  #skippedSegments = 0;

  constructor(facts: TlsFacts, fromClient: boolean) {
    this.#facts = facts;
    this.#fromClient = fromClient;
  }

  data(bytes: Uint8Array, from: number, to: number, arrival: Arrival): void {
    if (this.#isLost && !this.#pickUp(bytes, from, to)) return;
    let at = from;
    while (at < to && !this.isDone) {
      if (this.#recordLeft === 0) {
        const copied = Math.min(to - at, TLS_RECORD_HEADER_BYTES - this.#headerBytes);
        this.#header.set(bytes.subarray(at, at + copied), this.#headerBytes);
        this.#headerBytes += copied;
        at += copied;
        if (this.#headerBytes < TLS_RECORD_HEADER_BYTES) return;
        this.#startRecord();
        continue;
      }
      const consumed = Math.min(to - at, this.#recordLeft);
      this.#takeRecord(bytes, at, at + consumed, arrival);
      at += consumed;
      this.#recordLeft -= consumed;
      if (this.#recordLeft === 0) this.#headerBytes = 0;
    }
  }

  gap(length: number): void {
    const isHello = this.#recordType === TLS_RECORD.handshake && !this.#isEncrypted;
    if (this.#handshake.length > 0 || (isHello && this.#recordLeft > 0)) {
      this.#markIncomplete();
      this.#lose();
    } else if (length > this.#recordLeft || this.#headerBytes < TLS_RECORD_HEADER_BYTES)
      this.#lose();
    else {
      this.#recordLeft -= length;
      if (this.#recordLeft === 0) this.#headerBytes = 0;
    }
  }

  /** The start of the next record is unknown. Stops reading if the connection is encrypted. */
  #lose(): void {
    this.#handshake = Buffer.alloc(0);
    this.#recordLeft = 0;
    this.#headerBytes = 0;
    this.#isLost = true;
    if (this.#isEncrypted) this.#stop();
  }

  /** Resumes at a segment that begins with a hello or an alert. */
  #pickUp(bytes: Uint8Array, from: number, to: number): boolean {
    this.#isLost = !looksLikeTls(bytes, from, to);
    if (!this.#isLost) return true;
    this.#skippedSegments += 1;
    if (this.#skippedSegments > MAX_SKIPPED_SEGMENTS) this.#stop();
    return false;
  }

  #startRecord(): void {
    this.#recordType = this.#header[0] as number;
    this.#recordLength = u16(this.#header, 3);
    this.#recordLeft = this.#recordLength;
    const isKnown = this.#recordType >= TLS_RECORD.changeCipherSpec && this.#recordType <= 24;
    if (!isKnown || this.#header[1] !== 3 || this.#recordLength > MAX_RECORD_BYTES) {
      this.#stop();
      return;
    }
    if (this.#recordLeft === 0) this.#headerBytes = 0;
    if (this.#recordType === TLS_RECORD.changeCipherSpec) this.#isEncrypted = true;
    if (this.#recordType === TLS_RECORD.data) {
      this.#isEncrypted = true;
      this.#dataRecords += 1;
      if (this.#dataRecords >= MAX_DATA_RECORDS) this.#stop();
    }
  }

  #takeRecord(bytes: Uint8Array, from: number, to: number, arrival: Arrival): void {
    // Encrypted alerts are longer.
    if (this.#recordType === TLS_RECORD.alert && this.#recordLength === 2) {
      const offset = this.#recordLength - this.#recordLeft;
      this.#header.set(bytes.subarray(from, to), TLS_RECORD_HEADER_BYTES + offset);
      if (offset + (to - from) === 2) this.#addAlert(arrival);
      return;
    }
    if (this.#recordType !== TLS_RECORD.handshake || this.#isEncrypted) return;
    const message = Buffer.concat([this.#handshake, bytes.subarray(from, to)]);
    this.#handshake = this.#readMessages(message, arrival);
    if (this.#handshake.length > MAX_HANDSHAKE_BYTES) this.#stop();
  }

  /** Reads complete handshake messages. Returns the remaining bytes. */
  #readMessages(bytes: Buffer, arrival: Arrival): Buffer {
    let at = 0;
    while (at + TLS_HANDSHAKE_HEADER_BYTES <= bytes.length) {
      const body = at + TLS_HANDSHAKE_HEADER_BYTES;
      const end = body + u24(bytes, at + 1);
      const type = bytes[at] as number;
      this.#begin(type, arrival);
      if (end > bytes.length) break;
      this.#readMessage(type, bytes, body, end);
      at = end;
    }
    return bytes.subarray(at);
  }

  #begin(type: number, { packet, time }: Arrival): void {
    const facts = this.#facts;
    if (type === TLS_HANDSHAKE.clientHello && facts.clientHelloPacket === 0) {
      facts.clientHelloPacket = packet;
      facts.clientHelloTime = time;
    } else if (type === TLS_HANDSHAKE.serverHello && facts.serverHelloPacket === 0) {
      facts.serverHelloPacket = packet;
      facts.serverHelloTime = time;
    }
  }

  #readMessage(type: number, bytes: Buffer, from: number, to: number): void {
    const facts = this.#facts;
    if (type === TLS_HANDSHAKE.clientHello) {
      const hello = readClientHello(bytes, from, to);
      // A second ClientHello follows a HelloRetryRequest and offers the same.
      if (!hello || facts.offeredVersions.length > 0) return;
      facts.offeredVersions = hello.versions;
      facts.serverName = hello.serverName;
      facts.offeredAlpn = hello.alpn;
      facts.isEncryptedHello = hello.isEncrypted;
    } else if (type === TLS_HANDSHAKE.serverHello) {
      const hello = readServerHello(bytes, from, to);
      if (!hello || hello.isRetry) return;
      facts.version = hello.version;
      facts.cipher = hello.cipher;
      facts.alpn = hello.alpn;
    } else if (type === TLS_HANDSHAKE.certificate && !this.#fromClient) {
      const [start, end] = firstCertificate(bytes, from, to) ?? [0, 0];
      facts.certificate ??= readCertificate(bytes, start, end);
    }
  }

  #addAlert({ packet, time }: Arrival): void {
    const { alerts } = this.#facts;
    if (alerts.length >= MAX_ALERTS) return;
    alerts.push({
      byClient: this.#fromClient,
      level: this.#header[TLS_RECORD_HEADER_BYTES] as number,
      description: this.#header[TLS_RECORD_HEADER_BYTES + 1] as number,
      packet,
      time,
    });
  }

  /** The connection has ended, so an incomplete hello will not be completed. */
  finish(): void {
    if (this.#handshake.length > 0) this.#markIncomplete();
    this.#stop();
  }

  #markIncomplete(): void {
    const facts = this.#facts;
    const hasHello = this.#fromClient ? facts.offeredVersions.length > 0 : facts.version !== 0;
    if (!hasHello) facts.isIncomplete = true;
  }

  #stop(): void {
    this.#handshake = Buffer.alloc(0);
    this.isDone = true;
  }
}
