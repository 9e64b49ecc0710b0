// Runs a bundle (tools/bundle.ts) from V8's compiled form of it, which is kept beside it once a first server has served.
// That form is only ever a help: one that can't be written, or that anything is wrong with, is passed over.
// Plain old JavaScript: nothing builds this file.
var fs = require('fs')
var path = require('path')
var vm = require('vm')
var zlib = require('zlib')

// V8 sees a form of another version or of other flags, but neither a damaged one nor one of another text as long as
// this (decisions/0013): so it has a head with checksums of both. Little-endian, 4 bytes each: magic, checksum of the
// text, length of the form, its checksum.
var MAGIC = 0x38765244
var HEAD_BYTES = 16
var WRITABLE_BY_OTHERS = 18 // 0o022

/** What the bundle exports. */
function run(file) {
  var text = fs.readFileSync(file)
  var kept = keptAt(file)
  var form = read(kept, file, text)
  var script = new vm.Script(wrapped(text), { filename: file, cachedData: form })
  var bundle = { exports: {} }
  var evaluate = script.runInThisContext()
  evaluate(bundle.exports, require, bundle, file, path.dirname(file))
  if (form === undefined || script.cachedDataRejected) {
    bundle.exports.serving.then(function () {
      setTimeout(keep, 0, script, kept, file, text).unref()
    })
  }
  return bundle.exports
}

/** As Node's own, on the line the bundle begins with, so that lines keep their numbers. esbuild writes ASCII alone. */
function wrapped(text) {
  return '(function (exports, require, module, __filename, __dirname) { ' + text.toString('latin1') + '\n})'
}

function keptAt(file) {
  return file.replace(/\.cjs$/, '') + '.' + process.version + '-' + process.arch + '.compiled'
}

/** The compiled form, undefined if there is none that can be trusted. */
function read(kept, file, text) {
  var descriptor
  try {
    if (!zlib.crc32) return undefined
    descriptor = fs.openSync(kept, 'r')
    if (!isTrusted(fs.fstatSync(descriptor), fs.statSync(file))) return undefined
    var bytes = fs.readFileSync(descriptor)
    var form = bytes.subarray(HEAD_BYTES)
    return head(text, form).equals(bytes.subarray(0, HEAD_BYTES)) ? form : undefined
  } catch (error) {
    return undefined
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor)
  }
}

/** Who could write it could have written the bundle as well. */
function isTrusted(form, bundle) {
  return form.isFile() && (form.uid === bundle.uid || form.uid === 0) && (form.mode & WRITABLE_BY_OTHERS) === 0
}

function head(text, form) {
  var bytes = Buffer.alloc(HEAD_BYTES)
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt32LE(zlib.crc32(text), 4)
  bytes.writeUInt32LE(form.length, 8)
  bytes.writeUInt32LE(zlib.crc32(form), 12)
  return bytes
}

/** Keeps the form, functions compiled so far and all, where the bundle is ours; who reads meanwhile sees the old or the new. */
function keep(script, kept, file, text) {
  var made = kept + '.' + process.pid
  try {
    if (!zlib.crc32 || fs.statSync(file).uid !== process.getuid()) return
    var form = script.createCachedData()
    fs.writeFileSync(made, Buffer.concat([head(text, form), form]), { flag: 'wx', mode: 420 }) // 0o644
    fs.renameSync(made, kept)
  } catch (error) {
    try {
      fs.unlinkSync(made)
    } catch (error) {}
  }
}

exports.run = run
exports.keptAt = keptAt
