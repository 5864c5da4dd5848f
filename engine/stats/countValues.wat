;; Counts float32 values by their own upper 19 bits: sign, exponent, first 10 bits of the mantissa.
;;
;; Memory: 0 .. 64 KiB        the values to count, at most 16,384 at a time
;;         64 KiB .. + 2 MiB  one counter of 32 bits for each key, shared by all tensors, zero between them
;;         33 * 64 KiB        three vectors: largest and smallest bits seen (see `count`)
;;         from there on      what `allocate` hands out: directories and pages of the tensors
;;
;; A tensor's counters live in pages of 1,024, one for each sign and exponent (an octave), which its directory of 512
;; addresses names; a page is made when its octave is first seen. Counting straight into the shared counters and
;; moving the touched pages afterwards is 1.7 times faster than looking the page up for each value.
(module
  (memory (export "memory") 34)
  (global $next (mut i32) (i32.const 2162752))

  ;; Zeroed memory; memory is never given back. Traps when there is no more to have.
  (func $allocate (export "allocate") (param $bytes i32) (result i32)
    (local $at i32) (local $missing i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (local.get $bytes)))
    (local.set $missing
      (i32.sub
        (i32.shr_u (i32.add (global.get $next) (i32.const 65535)) (i32.const 16))
        (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        ;; 1 MiB at a time: growing one page at a time is slow.
        (if (i32.eq
              (memory.grow (i32.add (local.get $missing) (i32.const 15)))
              (i32.const -1))
          (then unreachable))))
    (local.get $at))

  ;; Counts the first `n` values. Keeps, for each of four lanes, the largest bits as signed and as unsigned
  ;; numbers and the smallest as unsigned ones, from which min and max follow exactly.
  (func (export "count") (param $n i32)
    (local $at i32) (local $end4 i32) (local $end i32) (local $one i32)
    (local $v v128) (local $k v128)
    (local $most v128) (local $mostUnsigned v128) (local $leastUnsigned v128)
    (local.set $end4 (i32.shl (i32.and (local.get $n) (i32.const -4)) (i32.const 2)))
    (local.set $end (i32.shl (local.get $n) (i32.const 2)))
    (local.set $most (v128.load (i32.const 2162688)))
    (local.set $mostUnsigned (v128.load (i32.const 2162704)))
    (local.set $leastUnsigned (v128.load (i32.const 2162720)))
    (block $counted
      (loop $four
        (br_if $counted (i32.ge_u (local.get $at) (local.get $end4)))
        (local.set $v (v128.load (local.get $at)))
        (local.set $most (i32x4.max_s (local.get $most) (local.get $v)))
        (local.set $mostUnsigned (i32x4.max_u (local.get $mostUnsigned) (local.get $v)))
        (local.set $leastUnsigned (i32x4.min_u (local.get $leastUnsigned) (local.get $v)))
        (local.set $k
          (i32x4.shl (i32x4.shr_u (local.get $v) (i32.const 13)) (i32.const 2)))
        (local.set $one (i32x4.extract_lane 0 (local.get $k)))
        (i32.store offset=65536 (local.get $one)
          (i32.add (i32.load offset=65536 (local.get $one)) (i32.const 1)))
        (local.set $one (i32x4.extract_lane 1 (local.get $k)))
        (i32.store offset=65536 (local.get $one)
          (i32.add (i32.load offset=65536 (local.get $one)) (i32.const 1)))
        (local.set $one (i32x4.extract_lane 2 (local.get $k)))
        (i32.store offset=65536 (local.get $one)
          (i32.add (i32.load offset=65536 (local.get $one)) (i32.const 1)))
        (local.set $one (i32x4.extract_lane 3 (local.get $k)))
        (i32.store offset=65536 (local.get $one)
          (i32.add (i32.load offset=65536 (local.get $one)) (i32.const 1)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $four)))
    (block $rest
      (loop $single
        (br_if $rest (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $v (v128.load32_splat (local.get $at)))
        (local.set $most (i32x4.max_s (local.get $most) (local.get $v)))
        (local.set $mostUnsigned (i32x4.max_u (local.get $mostUnsigned) (local.get $v)))
        (local.set $leastUnsigned (i32x4.min_u (local.get $leastUnsigned) (local.get $v)))
        (local.set $one
          (i32.shl
            (i32.shr_u (i32x4.extract_lane 0 (local.get $v)) (i32.const 13))
            (i32.const 2)))
        (i32.store offset=65536 (local.get $one)
          (i32.add (i32.load offset=65536 (local.get $one)) (i32.const 1)))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $single)))
    (v128.store (i32.const 2162688) (local.get $most))
    (v128.store (i32.const 2162704) (local.get $mostUnsigned))
    (v128.store (i32.const 2162720) (local.get $leastUnsigned)))

  ;; Moves the shared counters of one octave to the tensor's page; answers how many values they held.
  (func $movePage (param $directory i32) (param $octave i32) (result i32)
    (local $from i32) (local $at i32) (local $to i32) (local $entry i32) (local $sum v128)
    (local.set $from (i32.add (i32.const 65536) (i32.shl (local.get $octave) (i32.const 12))))
    (loop $add
      (local.set $sum
        (i32x4.add (local.get $sum) (v128.load (i32.add (local.get $from) (local.get $at)))))
      (local.set $sum
        (i32x4.add (local.get $sum) (v128.load offset=16 (i32.add (local.get $from) (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (br_if $add (i32.lt_u (local.get $at) (i32.const 4096))))
    (if (i32.eqz (v128.any_true (local.get $sum))) (then (return (i32.const 0))))
    (local.set $entry (i32.add (local.get $directory) (i32.shl (local.get $octave) (i32.const 2))))
    (local.set $to (i32.load (local.get $entry)))
    (if (i32.eqz (local.get $to))
      (then
        (local.set $to (call $allocate (i32.const 4096)))
        (i32.store (local.get $entry) (local.get $to))))
    (local.set $at (i32.const 0))
    (loop $move
      (v128.store (i32.add (local.get $to) (local.get $at))
        (i32x4.add
          (v128.load (i32.add (local.get $to) (local.get $at)))
          (v128.load (i32.add (local.get $from) (local.get $at)))))
      (v128.store (i32.add (local.get $from) (local.get $at)) (v128.const i32x4 0 0 0 0))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $move (i32.lt_u (local.get $at) (i32.const 4096))))
    (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
      (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))

  ;; Moves `n` values, all that the shared counters hold, to a tensor's pages. Zeros come first, then octave by octave
  ;; from the exponent `top` down, until all are found.
  (func (export "move") (param $directory i32) (param $n i32) (param $top i32)
    (local $found i32)
    (local.set $found
      (i32.add
        (call $movePage (local.get $directory) (i32.const 0))
        (call $movePage (local.get $directory) (i32.const 256))))
    (block $all
      (loop $octave
        (br_if $all (i32.ge_u (local.get $found) (local.get $n)))
        (br_if $all (i32.eqz (local.get $top)))
        (local.set $found
          (i32.add (local.get $found)
            (i32.add
              (call $movePage (local.get $directory) (local.get $top))
              (call $movePage (local.get $directory) (i32.add (local.get $top) (i32.const 256))))))
        (local.set $top (i32.sub (local.get $top) (i32.const 1)))
        (br $octave)))))
