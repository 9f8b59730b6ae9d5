import Blobs
import Platform
import Vocabulary

/// A digest as a key that needs no memory of its own: there is one for every stored object.
struct DigestKey: Hashable, Comparable {
  private let words: (UInt64, UInt64, UInt64, UInt64)

  init(_ digest: Digest) {
    func word(_ index: Int) -> UInt64 {
      digest.bytes[8 * index..<8 * index + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
    words = (word(0), word(1), word(2), word(3))
  }

  var digest: Digest {
    let bytes = [words.0, words.1, words.2, words.3].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) }
    }
    guard let digest = Digest(bytes: bytes) else { preconditionFailure("a digest has 32 bytes") }
    return digest
  }

  static func == (left: Self, right: Self) -> Bool { left.words == right.words }
  static func < (left: Self, right: Self) -> Bool { left.words < right.words }
  // The bytes of a digest are evenly spread already.
  func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

/// What is known of one stored object.
struct StoredObject {
  var size: Int64
  /// Where its content begins in the pack, or 0.
  var offset: Int64 = 0
  /// Index of its pack in the list of packs, -1 for a file of its own.
  var pack: Int32 = -1
  /// False while its record in the pack was not seen.
  var isPresent = true
  /// Its bytes are known not to have its digest.
  var isDamaged = false
  /// A row or a manifest refers to it.
  var isReferenced = false
}

/// A pack as far as it was looked at.
struct StoredPack {
  let id: PackID
  /// nil when there is no such file.
  var size: Int64?
  /// Where whole records end before the file does.
  var tornAt: Int64?
  /// Objects that the catalog has in it, but that were not found by going through it.
  var unseen = 0
  /// Those of them that lie behind `tornAt`.
  var unseenBehindTear = 0
  /// Whole records that the catalog does not have in this place.
  var deadCount = 0
  var deadBytes: Int64 = 0
}

/// All objects that are stored, by digest: those with a file of their own, and those the catalog has in packs.
///
/// About 80 to 160 bytes for each; everything else is read a page or a folder at a time.
struct StoredObjects {
  private(set) var all: [DigestKey: StoredObject] = [:]
  var packs: [StoredPack] = []
  private var numbers: [PackID: Int32] = [:]

  subscript(_ digest: Digest) -> StoredObject? {
    get { all[DigestKey(digest)] }
    set { all[DigestKey(digest)] = newValue }
  }

  /// Index of the pack, which is added when it is new.
  mutating func number(of pack: PackID) -> Int {
    if let number = numbers[pack] { return Int(number) }
    numbers[pack] = Int32(packs.count)
    packs.append(StoredPack(id: pack))
    return packs.count - 1
  }

  /// True when the catalog has the record in this place; the object is present then.
  mutating func see(_ record: PackFormat.Record, in pack: Int) -> Bool {
    let key = DigestKey(record.digest)
    guard var object = all[key], object.pack == Int32(pack), object.offset == record.offset,
      object.size == record.length
    else { return false }
    object.isPresent = true
    all[key] = object
    return true
  }

  /// The object, if it is stored; from now on something refers to it.
  mutating func refer(to digest: Digest) -> StoredObject? {
    let key = DigestKey(digest)
    guard var object = all[key] else { return nil }
    if !object.isReferenced {
      object.isReferenced = true
      all[key] = object
    }
    return object.isPresent ? object : nil
  }
}

/// A run of bytes in an open file.
struct StoredContent {
  private static let pieceBytes = 1 << 20
  let file: any OpenFile
  var start: Int64 = 0
  let size: Int64

  /// Visits all bytes in order, in pieces. False when the file ends before.
  func visit(_ body: ([UInt8]) -> Void) throws(FileError) -> Bool {
    var position: Int64 = 0
    while position < size {
      let wanted = Int(min(Int64(Self.pieceBytes), size - position))
      let bytes = try file.readBytes(wanted, at: start + position)
      guard bytes.count == wanted else { return false }
      body(bytes)
      position += Int64(wanted)
    }
    return true
  }

  /// nil when the file ends before the content does.
  func digest() throws(FileError) -> Digest? {
    var stream = SHA256Stream()
    return try visit { stream.update($0) } ? stream.digest() : nil
  }
}
